//! Ops and opcodes: the enum, its names and families, and the numbering of (op, shape) pairs.

use crate::V128;

use super::family::{self, Families};
use super::fused;
use super::passing::{self, Passing};
use super::shape::{Family, Layout, Place, Shape};
use super::table::for_each_op;

macro_rules! define_ops {
    (
        unary { $($unary:ident $unary_text:literal ($ux:ty) -> $ud:ty = $uf:expr;)* }
        unary_try { $($try1:ident $try1_text:literal ($tx:ty) -> $td:ty = $tf:expr;)* }
        commutative { $($comm:ident $comm_text:literal ($cx:ty, $cy:ty) -> $cd:ty = $cf:expr;)* }
        binary { $($bin:ident $bin_text:literal ($bx:ty, $by:ty) -> $bd:ty = $bf:expr;)* }
        binary_try { $($try2:ident $try2_text:literal ($t2x:ty, $t2y:ty) -> $t2d:ty = $t2f:expr;)* }
        compare_int { $($ci:ident $ci_text:literal ($cit:ty) = $cif:expr, not $ci_not:ident, swap $ci_swap:ident, branch $ci_br:ident;)* }
        compare_float { $($cf2:ident $cf2_text:literal ($cf2t:ty) = $cf2f:expr, swap $cf2_swap:ident, branch $cf2_br:ident;)* }
        branch { $($br:ident $br_text:literal ($brt:ty) = $brf:expr, not $br_not:ident, swap $br_swap:ident;)* }
        load { $($load:ident $load_text:literal $lr:ty => $ld:ty = $lf:expr;)* }
        store { $($store:ident $store_text:literal $sv:ty => $sr:ty = $sf:expr;)* }
        v128_unary { $($v1:ident $v1_text:literal ($v1x:ty) -> $v1d:ty = $v1f:expr;)* }
        v128_binary { $($v2:ident $v2_text:literal ($v2x:ty, $v2y:ty) -> $v2d:ty = $v2f:expr;)* }
        v128_ternary { $($v3:ident $v3_text:literal = $v3f:expr;)* }
        v128_extract_lane { $($vx:ident $vx_text:literal -> $vxd:ty = $vxf:expr;)* }
        v128_replace_lane { $($vr:ident $vr_text:literal ($vrt:ty) = $vrf:expr;)* }
        v128_load { $($vl:ident $vl_text:literal $vlr:ty => $vld:ty = $vlf:expr;)* }
        v128_load_lane { $($ll:ident $ll_text:literal $llr:ty;)* }
        v128_store_lane { $($sl:ident $sl_text:literal $slr:ty;)* }
        access64 { $($a64:ident $a64_text:literal of $a32:ident $a64_family:ident;)* }
        wide { $($w2:ident $w2_text:literal ($w2x:ty, $w2y:ty) = $w2f:expr;)* }
        special { $($sp:ident $sp_text:literal $sp_family:ident;)* }
    ) => {
        /// An operation of the bytecode, whatever the shape of its operands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub(crate) enum Op {
            $($unary,)* $($try1,)* $($comm,)* $($bin,)* $($try2,)* $($ci,)* $($cf2,)* $($br,)*
            $($load,)* $($store,)* $($v1,)* $($v2,)* $($v3,)* $($vx,)* $($vr,)* $($vl,)* $($ll,)* $($sl,)*
            $($a64,)* $($w2,)* $($sp,)*
        }

        /// Every op, in the order of the table.
        pub(crate) const OPS: &[Op] = &[
            $(Op::$unary,)* $(Op::$try1,)* $(Op::$comm,)* $(Op::$bin,)* $(Op::$try2,)* $(Op::$ci,)*
            $(Op::$cf2,)* $(Op::$br,)* $(Op::$load,)* $(Op::$store,)* $(Op::$v1,)* $(Op::$v2,)* $(Op::$v3,)*
            $(Op::$vx,)* $(Op::$vr,)* $(Op::$vl,)* $(Op::$ll,)* $(Op::$sl,)* $(Op::$a64,)* $(Op::$w2,)*
            $(Op::$sp,)*
        ];

        impl Op {
            /// The name the op is printed with.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Op::$unary => $unary_text,)* $(Op::$try1 => $try1_text,)*
                    $(Op::$comm => $comm_text,)* $(Op::$bin => $bin_text,)*
                    $(Op::$try2 => $try2_text,)* $(Op::$ci => $ci_text,)*
                    $(Op::$cf2 => $cf2_text,)* $(Op::$br => $br_text,)*
                    $(Op::$load => $load_text,)* $(Op::$store => $store_text,)*
                    $(Op::$v1 => $v1_text,)* $(Op::$v2 => $v2_text,)* $(Op::$v3 => $v3_text,)* $(Op::$vx => $vx_text,)*
                    $(Op::$vr => $vr_text,)* $(Op::$vl => $vl_text,)* $(Op::$ll => $ll_text,)*
                    $(Op::$sl => $sl_text,)* $(Op::$a64 => $a64_text,)* $(Op::$w2 => $w2_text,)*
                    $(Op::$sp => $sp_text,)*
                }
            }

            /// The family the op belongs to.
            pub(crate) const fn family(self) -> &'static Family {
                match self {
                    $(Op::$unary)|* | $(Op::$try1)|* => &family::UNARY,
                    $(Op::$comm => <$cy as Families>::COMMUTATIVE,)*
                    $(Op::$bin => <$by as Families>::BINARY,)*
                    $(Op::$try2 => <$t2y as Families>::BINARY,)*
                    $(Op::$ci => <$cit as Families>::COMPARE,)*
                    $(Op::$cf2 => <$cf2t as Families>::COMPARE,)*
                    $(Op::$br => <$brt as Families>::BRANCH,)*
                    $(Op::$load)|* => &family::LOAD,
                    $(Op::$store)|* => &family::STORE,
                    $(Op::$v1)|* => &family::UNARY,
                    $(Op::$v2 => <$v2y as Families>::BINARY_V128,)*
                    $(Op::$v3)|* => &family::TERNARY_V128,
                    $(Op::$vx)|* => &family::EXTRACT_LANE,
                    $(Op::$vr)|* => &family::REPLACE_LANE,
                    $(Op::$vl)|* => &family::LOAD_V128,
                    $(Op::$ll)|* => &family::LOAD_LANE,
                    $(Op::$sl)|* => &family::STORE_LANE,
                    $(Op::$a64 => &family::$a64_family,)*
                    $(Op::$w2)|* => &family::WIDE_ARITHMETIC,
                    $(Op::$sp => &family::$sp_family,)*
                }
            }

            /// The comparison that means the same with its operands swapped.
            pub(crate) const fn swapped(self) -> Op {
                match self {
                    $(Op::$ci => Op::$ci_swap,)* $(Op::$cf2 => Op::$cf2_swap,)*
                    $(Op::$br => Op::$br_swap,)*
                    _ => self,
                }
            }

            /// The comparison or conditional branch that holds exactly when this one does not.
            pub(crate) const fn negated(self) -> Option<Op> {
                match self {
                    $(Op::$ci => Some(Op::$ci_not),)*
                    $(Op::$br => Some(Op::$br_not),)*
                    _ => None,
                }
            }

            /// The same access to a memory with 64-bit addresses.
            pub(crate) const fn at64(self) -> Option<Op> {
                match self {
                    $(Op::$a32 => Some(Op::$a64),)*
                    _ => None,
                }
            }

            /// Whether this is a conditional branch.
            pub(crate) const fn is_branch(self) -> bool {
                matches!(self, $(Op::$br)|*)
            }

            /// The conditional branch taken when this comparison holds.
            pub(crate) const fn branch(self) -> Option<Op> {
                match self {
                    $(Op::$ci => Some(Op::$ci_br),)*
                    $(Op::$cf2 => Some(Op::$cf2_br),)*
                    Op::I32And => Some(Op::BrIfI32And),
                    Op::I64And => Some(Op::BrIfI64And),
                    _ => None,
                }
            }
        }
    };
}
for_each_op!(define_ops);

/// An op in one shape, or a fused sequence of such: what a cell is labelled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Opcode(pub(crate) u16);

/// The first opcode of each op, and after the last op the first fused one.
const FIRST: [u16; OPS.len() + 1] = {
    let mut first = [0; OPS.len() + 1];
    let mut at = 0;
    while at < OPS.len() {
        first[at + 1] = first[at] + OPS[at].family().shapes.len() as u16;
        at += 1;
    }
    first
};

/// Of each op: the opcode with `d` in a slot and each place of `x` and `y`, by the code of that shape without `d`.
static IN_SLOT: [[u16; Shape::CODES / 2]; OPS.len()] = {
    let mut opcodes = [[NO_OPCODE; Shape::CODES / 2]; OPS.len()];
    let mut op = 0;
    while op < OPS.len() {
        let shapes = OPS[op].family().shapes;
        let mut at = 0;
        while at < shapes.len() {
            if matches!(shapes[at].d(), Place::Slot) {
                opcodes[op][shapes[at].code() / 2] = FIRST[op] + at as u16;
            }
            at += 1;
        }
        op += 1;
    }
    opcodes
};

/// Of each opcode that is one op in one shape: the one with `d` in the accumulator instead.
static ACCUMULATED: [u16; SINGLE_OPCODES] = {
    let mut opcodes = [NO_OPCODE; SINGLE_OPCODES];
    let mut op = 0;
    while op < OPS.len() {
        let family = OPS[op].family();
        let mut at = 0;
        while at < family.shapes.len() {
            let shape = family.shapes[at];
            if matches!(shape.d(), Place::Slot)
                && let Some(index) = family.index_of(shape.accumulated())
            {
                opcodes[FIRST[op] as usize + at] = FIRST[op] + index as u16;
            }
            at += 1;
        }
        op += 1;
    }
    opcodes
};

/// In [`IN_SLOT`] and [`ACCUMULATED`]: there is none.
const NO_OPCODE: u16 = u16::MAX;
const _: () = assert!(SINGLE_OPCODES < NO_OPCODE as usize);

/// The number of opcodes that are one op in one shape.
pub(crate) const SINGLE_OPCODES: usize = FIRST[OPS.len()] as usize;
/// The number of opcodes that are an op or a sequence of ops.
pub(super) const SEQUENCES: usize = SINGLE_OPCODES + fused::FUSED_LEN;
/// The number of all opcodes.
pub(crate) const OPCODES: usize = PASSING_END + passing::PASSING_LOOPS_LEN;
/// The number of opcodes but for loops that pass a value on.
const PASSING_END: usize = LOOPS_END + passing::PASSING_LEN;
/// The number of opcodes but for those of sequences that pass a value on.
const LOOPS_END: usize = SEQUENCES + fused::LOOPS_LEN;

/// The number of the sequence that passes a value on, by the index of its opcode or of its loop's.
const fn passing_number(index: usize) -> usize {
    match index {
        ..PASSING_END => index - LOOPS_END,
        _ => passing::PASSING_LOOPS[index - PASSING_END] as usize,
    }
}

impl Opcode {
    /// The cell that ends execution.
    pub(crate) const HALT: Opcode = Opcode::plain(Op::Halt);
    /// The cell that goes back to the instance of a caller.
    pub(crate) const RESTORE_INSTANCE: Opcode = Opcode::plain(Op::RestoreInstance);
    /// The cell of a function that is not translated yet.
    pub(crate) const TRANSLATE: Opcode = Opcode::plain(Op::Translate);

    /// The opcode of an op with one shape.
    const fn plain(op: Op) -> Opcode {
        match Opcode::new(op, Shape::SLOTS) {
            Some(opcode) => opcode,
            None => panic!("the op has other shapes"),
        }
    }

    /// The opcode of `op` with `x` and `y` in these places and `d` in a slot, if the op's family has that shape.
    #[inline]
    pub(crate) fn in_slot(op: Op, x: Place, y: Place) -> Option<Opcode> {
        let opcode = IN_SLOT[op as usize][Shape::new(Place::Slot, x, y).code() / 2];
        (opcode != NO_OPCODE).then_some(Opcode(opcode))
    }

    /// The same op with `d` in the accumulator, if `d` is in a slot and the op has such a shape.
    #[inline]
    pub(crate) fn accumulated(self) -> Option<Opcode> {
        let opcode = *ACCUMULATED.get(self.index())?;
        (opcode != NO_OPCODE).then_some(Opcode(opcode))
    }

    /// The opcode of `op` in `shape`, if the op's family has that shape.
    pub(crate) const fn new(op: Op, shape: Shape) -> Option<Opcode> {
        match op.family().index_of(shape) {
            Some(index) => Some(Opcode(FIRST[op as usize] + index as u16)),
            None => None,
        }
    }

    /// The opcode of the fused sequence in row `row`.
    pub(crate) const fn fused(row: usize) -> Opcode {
        Opcode((SINGLE_OPCODES + row) as u16)
    }

    /// The opcode of the loop number `number` among those of fused sequences.
    pub(crate) const fn looped(number: usize) -> Opcode {
        Opcode((SEQUENCES + number) as u16)
    }

    /// The op and shape of an opcode below [`SINGLE_OPCODES`].
    pub(crate) const fn single(self) -> Option<(Op, Shape)> {
        if self.index() >= SINGLE_OPCODES {
            return None;
        }
        let (mut low, mut high) = (0, OPS.len());
        while high - low > 1 {
            let middle = low.midpoint(high);
            if FIRST[middle] <= self.0 { low = middle } else { high = middle }
        }
        let op = OPS[low];
        Some((op, op.family().shapes[(self.0 - FIRST[low]) as usize]))
    }

    /// The row of a fused sequence, or of one that is a loop or passes a value on.
    const fn row(self) -> Option<usize> {
        match self.index() {
            ..SINGLE_OPCODES => None,
            index @ SINGLE_OPCODES..SEQUENCES => Some(index - SINGLE_OPCODES),
            index @ SEQUENCES..LOOPS_END => Some(fused::LOOPS[index - SEQUENCES] as usize),
            index => Some(passing::PASSING[passing_number(index)].row as usize),
        }
    }

    /// Whether this is a sequence that branches to itself within its handler.
    pub(crate) const fn is_loop(self) -> bool {
        matches!(self.index(), SEQUENCES..LOOPS_END | PASSING_END..)
    }

    /// The opcode of the sequence number `number` among those that pass a value on in a register.
    pub(crate) const fn passing(number: usize) -> Opcode {
        Opcode((LOOPS_END + number) as u16)
    }

    /// The opcode of the loop number `number` among those that pass a value on in a register.
    pub(crate) const fn passing_loop(number: usize) -> Opcode {
        Opcode((PASSING_END + number) as u16)
    }

    /// Whether this is a sequence that passes a value on in a register.
    pub(crate) const fn is_passing(self) -> bool {
        self.index() >= LOOPS_END
    }

    /// Where a cell that branches to itself within its handler has to be a recurrence, the number of the part that this
    /// begins with.
    pub(crate) fn recurrence(self) -> Option<usize> {
        let passing = &passing::PASSING[passing_number(self.is_passing().then(|| self.index())?)];
        passing.recurs.then_some(usize::from(passing.put))
    }

    /// The opcode of a fused cell of these parts that passes a value on in a register, if there is one, and
    /// between which parts.
    #[inline(always)]
    pub(crate) fn as_passing(self) -> Option<(Opcode, &'static Passing)> {
        let row = self.index().checked_sub(SINGLE_OPCODES)?;
        if !passing::is_passed(row) {
            return None;
        }
        let number = passing::number(row)?;
        Some((Opcode::passing(number), &passing::PASSING[number]))
    }

    /// The opcode of a cell of these parts that branches to itself, if there is one.
    #[inline(never)]
    pub(crate) fn as_loop(self) -> Option<Opcode> {
        if self.is_passing() {
            let number = u16::try_from(passing_number(self.index())).ok()?;
            let at = passing::PASSING_LOOPS.binary_search(&number).ok()?;
            return Some(Opcode::passing_loop(at));
        }
        let number = fused::LOOPS.binary_search(&u16::try_from(self.row()?).ok()?).ok()?;
        Some(Opcode::looped(number))
    }

    /// The opcode as an index into the handler table.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The op and shape parts of this opcode in order: one, or those of a fused sequence.
    pub(crate) fn parts(self) -> impl Iterator<Item = (Op, Shape, Layout)> {
        let mut parts = [None; fused::PARTS_MAX];
        let mut rest = self;
        let mut at = fused::PARTS_MAX;
        loop {
            at -= 1;
            let Some(row) = rest.row() else {
                parts[at] = rest.single();
                break;
            };
            let seam = fused::FUSED[row];
            parts[at] = seam.last().single();
            rest = seam.init();
        }
        parts.into_iter().flatten().map(|(op, shape)| (op, shape, op.family().layout(shape)))
    }
}
