//! Whatever is accepted here the parser's validator accepts, and hardly anything else is left to it.

use super::super::{EMPTY_BLOCK, ParsedModule, parse};
use super::place::Place;
use super::{OPERANDS_MAX, Quick, Scratch};
use crate::types::TypeRegistry;
use crate::types::index::FuncIdx;
use crate::{CompilationMode, Config};
use alloc::vec;
use alloc::vec::Vec;
use wasmparser::{BinaryReader, FuncValidatorAllocations, FunctionBody, WasmFeatures};

const UNREACHABLE: u8 = 0x00;
const BLOCK: u8 = 0x02;
const END: u8 = 0x0b;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;

/// A function of each kind of type, what instructions refer to, and a table of something else.
const MODULE: &str = r#"(module
    (type $nothing (func))
    (type $number (func (param i32) (result i32)))
    (type $several (func (param i32 i64 f32) (result f64 v128)))
    (type $references (func (param funcref externref) (result externref)))
    (type $unknown (func (param (ref null $nothing)) (result (ref $nothing))))
    (type $struct (struct (field i32)))
    (import "" "0" (func (type $nothing)))
    (import "" "1" (func (type $number)))
    (import "" "2" (func (type $several)))
    (import "" "3" (func (type $references)))
    (import "" "4" (func (type $unknown)))
    (import "" "5" (global i32))
    (memory 1) (memory i64 1)
    (table 1 funcref) (table i64 1 funcref) (table 1 externref)
    (global (mut i64) (i64.const 0))
    (global (mut v128) (v128.const i64x2 0 0)) (global (mut funcref) (ref.null func))
    (global (mut anyref) (ref.null any))
    (func (type $nothing)))"#;

/// The kinds of values, one local each: from i32 to v128, funcref and externref.
const KINDS: [u8; 7] = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f];

/// What instructions may be followed by: indices, block types, alignments and lanes, right and wrong ones.
const IMMEDIATES: [&[u8]; 25] = [
    &[],
    &[0],
    &[1],
    &[2],
    &[4],
    &[5],
    &[8],
    &[16],
    &[0x7f],
    &[0x80, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x10],
    &[0, 0],
    &[0, 1],
    &[0, 2],
    &[1, 0],
    &[1, 0x7f],
    &[1, 0x70],
    &[3, 0xff, 0x01],
    &[4, 0],
    &[0x40, 0, 0],
    &[0, 0, 1],
    &[2, 0, 3],
    &[2, 0, 0, 0, 0, 0, 0, 0],
    &[31; 16],
    &[32; 16],
];

fn parsed(text: &str) -> ParsedModule {
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Lazy);
    let wasm = wat::parse_str(text).unwrap();
    parse(wasm.into(), &config, &TypeRegistry::default()).unwrap()
}

/// Asks both for their verdict on bodies of the last function of a module.
struct Judges<'m> {
    module: &'m ParsedModule,
    quick: Quick<'m>,
    scratch: Scratch,
    allocations: FuncValidatorAllocations,
}

impl<'m> Judges<'m> {
    fn new(module: &'m ParsedModule) -> Self {
        let quick = Quick::new(module, Config::new().features()).expect("features are on");
        Self { module, quick, scratch: Scratch::default(), allocations: Default::default() }
    }

    fn quick(&mut self, body: &[u8]) -> bool {
        let ty = *self.module.funcs.last().unwrap();
        self.quick.accepts(&mut self.scratch, ty, body)
    }

    fn full(&mut self, body: &[u8]) -> bool {
        let index = FuncIdx(self.module.funcs.len() as u32 - 1);
        let ty = self.module.funcs[index.index()];
        let validation = self.module.lazy_validation.as_ref().unwrap();
        let reader = BinaryReader::new_features(body, 0, Config::new().features());
        let body = FunctionBody::new(reader);
        validation.validate_in_full(&mut self.allocations, index, ty, &body).is_ok()
    }

    /// Whether both accept a body; they have to agree if it is `known`.
    fn both(&mut self, body: &[u8], known: bool) -> bool {
        let quick = self.quick(body);
        if quick || known {
            assert_eq!(quick, self.full(body), "{body:x?}");
        }
        quick
    }
}

/// A body: a local of each kind, and instructions.
fn body(instructions: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![KINDS.len() as u8];
    for kind in KINDS {
        body.extend([1, kind]);
    }
    body.extend(instructions.concat());
    body
}

/// The instructions that put operands of these kinds on the stack.
fn operands(kinds: &[u8]) -> Vec<u8> {
    kinds.iter().flat_map(|kind| [LOCAL_GET, *kind]).collect()
}

/// Operands, among them all that any known instruction takes.
fn operand_lists() -> Vec<Vec<u8>> {
    let kinds = 0..KINDS.len() as u8;
    let mut lists = vec![vec![], vec![4, 4, 4], vec![0, 1, 2], vec![1, 1, 1], vec![5, 6]];
    for kind in kinds.clone() {
        lists.extend([vec![kind], vec![kind, kind, 0], vec![0, 0, kind]]);
        lists.extend(kinds.clone().map(|second| vec![kind, second]));
    }
    lists
}

/// Opcodes of one byte, and those with a prefix.
fn opcodes() -> impl Iterator<Item = Vec<u8>> {
    let single = (0..=u8::MAX).map(|opcode| vec![opcode]);
    let bulk = (0..32).map(|number| vec![0xfc, number]);
    let vector = (0..=0x118).map(|number: u16| match number {
        0..0x80 => vec![0xfd, number as u8],
        _ => vec![0xfd, number as u8 | 0x80, (number >> 7) as u8],
    });
    single.chain(bulk).chain(vector)
}

/// Whether nothing but the immediates makes a difference between the two. Left out are those whose blocks are
/// not closed here, and what only the parser knows.
fn is_known(opcode: &[u8]) -> bool {
    match opcode {
        [0x00 | 0x01 | 0x0f | 0x1a | 0x1b | 0x20..=0x22 | 0x41..=0xc4] => true,
        [0xfc, number] => *number < 8,
        [0xfd, 0..0x80] | [0xfd, _, 1] => true,
        _ => false,
    }
}

#[test]
fn what_is_accepted_is_valid() {
    let module = parsed(MODULE);
    let mut judges = Judges::new(&module);
    let mut accepted = 0;
    let lists = operand_lists();
    for opcode in opcodes() {
        let known = is_known(&opcode);
        let mut seen = false;
        for list in &lists {
            let before = operands(list);
            for immediates in IMMEDIATES {
                // A memory other than the first.
                let known = known && immediates.first() != Some(&0x40);
                let instruction = [&before, &opcode, immediates].concat();
                // The operands of the block around are not its own.
                let block = [BLOCK, EMPTY_BLOCK];
                let inner = [&before, &block[..], &opcode, immediates, &[UNREACHABLE, END]];
                judges.both(&body(&[&inner.concat(), &[UNREACHABLE, END]]), false);
                // Whatever is left on the stack, and in each kind of local.
                if !judges.both(&body(&[&instruction, &[UNREACHABLE, END]]), known) {
                    continue;
                }
                seen = true;
                for kind in 0..KINDS.len() as u8 {
                    let set = [LOCAL_SET, kind, UNREACHABLE, END];
                    accepted += usize::from(judges.both(&body(&[&instruction, &set]), known));
                }
                judges.both(&body(&[&[UNREACHABLE], &opcode, immediates, &[END]]), false);
                judges.both(&body(&[&instruction, &[END]]), known);
            }
        }
        assert!(seen || !known || is_gap(&opcode), "{opcode:x?} is known and never accepted");
    }
    assert!(accepted > 2000, "only {accepted} results");
}

/// Whether a vector instruction has no name.
fn is_gap(opcode: &[u8]) -> bool {
    let mut reader = BinaryReader::new_features(&opcode[1..], 0, WasmFeatures::all());
    let number = reader.read_var_u32().unwrap();
    let gaps = [154, 162, 165, 166, 175, 176, 178, 179, 180, 187];
    let more = [194, 197, 198, 207, 208, 210, 211, 212, 226, 238];
    gaps.contains(&number) || more.contains(&number)
}

/// What compilers write.
const PROGRAMS: &str = r#"(module
    (type $pair (func (param i32 i64) (result i64 i32)))
    (import "" "f" (func $f (param i32 f64) (result i32)))
    (import "" "g" (func $g (result f32 f32)))
    (memory 1) (table 1 funcref)
    (global $mutable (mut i32) (i32.const 0)) (global $constant i64 (i64.const 1))
    (func (param $p i32) (param $q f64) (result i32)
        (local $i i32) (local $l i64) (local $v v128) (local $r externref)
        (block $out
            (loop $again
                (br_if $out (i32.eqz (local.tee $i (i32.add (local.get $i) (i32.const -300)))))
                (if (i64.lt_s (local.get $l) (global.get $constant))
                    (then (local.set $l (i64.load offset=70000 (local.get $i))))
                    (else (i32.store8 offset=3 (local.get $i) (i32.const 0x7fffffff)))
                )
                (if (global.get $mutable) (then (br $again)))
                (drop (call $f (local.get $p) (f64.mul (local.get $q) (f64.const 0.5))))
                (call $g) (drop) (drop)
                (local.set $v (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
                    (v128.load (local.get $p)) (v128.const i64x2 1 2)))
                (local.set $r (select (result externref)
                    (local.get $r) (local.get $r) (i32.const 1)))
                (block $0 (block $1 (br_table $0 $1 $again $out (local.get $i))) (return (i32.const 1)))
                (global.set $mutable (select (i32.const 1) (memory.size) (local.get $p)))
                (memory.fill (i32.const 0) (i32.const 1) (memory.grow (i32.const 1)))
                (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
                (i32.const 1) (i64.const 0x8000000000000000)
                (block (type $pair) (br_if 0 (i64.const 4) (i32.const 3) (i32.const 2)) (drop) (drop)
                    (drop) (i64.extend_i32_u) (i32.const 5) (br 0))
                (drop) (drop)
                (local.set $i (block (result i32)
                    (i32.trunc_sat_f64_u (br_if 0 (i32.const 8) (i32.const 9)) (drop) (f64.const 0))))
                (drop (call_indirect (type $pair) (i32.const 0) (i64.const 0) (i32.const 2))) (drop)
                (br $again)
                (f32.add) (select (i32.const 0)) (drop) (if (then) (else (unreachable)))
            )
        )
        (if (result i32) (local.get $i)
            (then (return_call $f (i32.const 0) (f64.const 1)))
            (else (i32x4.extract_lane 3 (v128.bitselect
                (local.get $v) (local.get $v) (v128.load8_lane 15 (i32.const 0) (local.get $v)))))))
    )"#;

#[test]
fn programs_are_accepted_and_damaged_ones_are_not() {
    let module = parsed(PROGRAMS);
    let mut judges = Judges::new(&module);
    let body = module.bodies[0].bytes(&module.bytes);
    assert!(judges.both(body, true));
    let (mut accepted, mut refused) = (0, 0);
    for at in 0..body.len() {
        let mut damaged = body.to_vec();
        for byte in 0..=u8::MAX {
            damaged[at] = byte;
            match judges.both(&damaged, false) {
                true => accepted += 1,
                false => refused += 1,
            }
        }
        assert!(!judges.quick(&body[..at]), "cut off at {at}");
        damaged[at] = body[at];
        damaged.insert(at, 0x0b);
        judges.both(&damaged, false);
        damaged.remove(at);
        damaged.remove(at);
        judges.both(&damaged, false);
    }
    assert!(!judges.quick(&[body, &[END]].concat()));
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn more_operands_than_are_known_are_left_to_the_parser() {
    let module = parsed(MODULE);
    let mut judges = Judges::new(&module);
    for (count, accepted) in [(OPERANDS_MAX, true), (OPERANDS_MAX + 1, false)] {
        let constants = [0x41, 0].repeat(count);
        let drops = [0x1a].repeat(count);
        let body = body(&[&constants, &drops, &[END]]);
        assert_eq!((judges.quick(&body), judges.full(&body)), (accepted, true));
    }
}

#[test]
fn other_features_are_left_to_the_parser() {
    let module = parsed(MODULE);
    assert!(Quick::new(&module, Config::wasm2().features()).is_some());
    assert!(Quick::new(&module, Config::wasm1().features()).is_none());
    assert!(Quick::new(&module, Config::new().floats(false).features()).is_none());
    // return_call 0
    let body = [0, 0x12, 0, END];
    let accepts = |features| {
        let quick = Quick::new(&module, features).expect("features are on");
        quick.accepts(&mut Scratch::default(), *module.funcs.last().unwrap(), &body)
    };
    assert!(accepts(Config::new().features()));
    assert!(!accepts(Config::wasm2().features()));
}

#[test]
fn numbers_are_read_as_the_parser_reads_them() {
    for more in [0x80, 0x81, 0xaa, 0xff] {
        for len in 0..=11 {
            for last in 0..=u8::MAX {
                let number = [vec![more; len], vec![last]].concat();
                same_number(&number);
                same_number(&[&number[..], &[0x55]].concat());
            }
        }
    }
}

/// Checks that `bytes` begin with the same numbers for the parser, and have as many bytes left.
fn same_number(bytes: &[u8]) {
    let reader = || BinaryReader::new_features(bytes, 0, WasmFeatures::all());
    let left = |place: &Place<'_>| {
        let mut place = place.clone();
        core::iter::from_fn(|| place.byte()).count()
    };
    let (mut place, mut parser) = (Place::new(bytes), reader());
    let number = place.unsigned();
    assert_eq!(number, parser.read_var_u32().ok(), "{bytes:x?}");
    assert!(number.is_none() || left(&place) == parser.bytes_remaining(), "{bytes:x?}");
    let (mut place, mut parser) = (Place::new(bytes), reader());
    let passed = place.signed_32();
    assert_eq!(passed.is_some(), parser.read_var_i32().is_ok(), "{bytes:x?}");
    assert!(passed.is_none() || left(&place) == parser.bytes_remaining(), "{bytes:x?}");
    let (mut place, mut parser) = (Place::new(bytes), reader());
    let passed = place.signed_64();
    assert_eq!(passed.is_some(), parser.read_var_i64().is_ok(), "{bytes:x?}");
    assert!(passed.is_none() || left(&place) == parser.bytes_remaining(), "{bytes:x?}");
}
