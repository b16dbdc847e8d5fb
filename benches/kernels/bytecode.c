/* An interpreter in the interpreter: a stack machine whose loop is one `br_table`, running a program
 * that counts Collatz steps. */
#include <stdint.h>

enum op {
    HALT, PUSH, LOAD, STORE, DUP, ADD, SUB, MUL, HALVE, IS_ODD, IS_LESS, IS_EQUAL, NOT, JUMP,
    JUMP_IF, ADD_TO,
};

enum variable { LIMIT, START, VALUE, STEPS, TOTAL, VARIABLES };

struct instruction {
    uint8_t op, operand;
};

/* Where jumps lead. */
enum label { EACH_START = 2, EACH_STEP = 12, EVEN = 26, STEPPED = 28, REACHED_ONE = 32, DONE = 38 };

/* total = 0
 * for (start = 1; start < limit; start++)
 *     for (value = start, steps = 0; value != 1; steps++)
 *         value = value odd ? 3 * value + 1 : value / 2
 *     total += steps */
static const struct instruction PROGRAM[] = {
    {PUSH, 1}, {STORE, START},
    [EACH_START] = {LOAD, START}, {LOAD, LIMIT}, {IS_LESS, 0}, {NOT, 0}, {JUMP_IF, DONE},
    {LOAD, START}, {STORE, VALUE}, {PUSH, 0}, {STORE, STEPS}, {JUMP, EACH_STEP},
    [EACH_STEP] = {LOAD, VALUE}, {PUSH, 1}, {IS_EQUAL, 0}, {JUMP_IF, REACHED_ONE},
    {LOAD, VALUE}, {DUP, 0}, {IS_ODD, 0}, {NOT, 0}, {JUMP_IF, EVEN},
    {PUSH, 3}, {MUL, 0}, {PUSH, 1}, {ADD, 0}, {JUMP, STEPPED},
    [EVEN] = {HALVE, 0}, {JUMP, STEPPED},
    [STEPPED] = {STORE, VALUE}, {PUSH, 1}, {ADD_TO, STEPS}, {JUMP, EACH_STEP},
    [REACHED_ONE] = {LOAD, STEPS}, {ADD_TO, TOTAL}, {PUSH, 1}, {ADD_TO, START},
    {JUMP, EACH_START}, {HALT, 0},
    [DONE] = {HALT, 0},
};

static int64_t execute(const struct instruction *program, int64_t *variables)
{
    int64_t stack[16];
    int64_t *top = stack;
    for (const struct instruction *pc = program;; pc++) {
        switch ((enum op)pc->op) {
        case HALT: return top - stack;
        case PUSH: *top++ = pc->operand; break;
        case LOAD: *top++ = variables[pc->operand]; break;
        case STORE: variables[pc->operand] = *--top; break;
        case DUP: *top = top[-1]; top++; break;
        case ADD: top--; top[-1] += *top; break;
        case SUB: top--; top[-1] -= *top; break;
        case MUL: top--; top[-1] *= *top; break;
        case HALVE: top[-1] >>= 1; break;
        case IS_ODD: top[-1] &= 1; break;
        case IS_LESS: top--; top[-1] = top[-1] < *top; break;
        case IS_EQUAL: top--; top[-1] = top[-1] == *top; break;
        case NOT: top[-1] = !top[-1]; break;
        case JUMP: pc = program + pc->operand - 1; break;
        case JUMP_IF: if (*--top) pc = program + pc->operand - 1; break;
        case ADD_TO: variables[pc->operand] += *--top; break;
        }
    }
}

int64_t run(int32_t limit)
{
    int64_t variables[VARIABLES] = {[LIMIT] = limit};
    int64_t left = execute(PROGRAM, variables);
    return left == 0 ? variables[TOTAL] : -1;
}
