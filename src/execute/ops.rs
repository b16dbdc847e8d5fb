//! The op types and the handler table, from the op table.
//!
//! Each row becomes a type that implements what its group says: [`UnaryOp`], [`BinaryOp`],
//! [`LoadOp`], …; the group's list names the shapes that have handlers, and every handler goes to
//! the place of its opcode in [`HANDLERS`]. A shape that the family has and the list lacks, or the
//! other way round, does not compile.

use core::convert::identity;

use crate::code::family::Families;
use crate::code::fused::LOOPS;
use crate::code::fused_rows::for_each_fused;
use crate::code::op::OPCODES;
use crate::code::passing::{self, PASSING_LOOPS};
use crate::code::passing_rows::for_each_passing;
use crate::code::table::for_each_op;
use crate::code::{Op, Opcode};
use crate::{Trap, V128, num};

use super::control::*;
use super::dispatch::{self, Handler};
use super::exception::*;
use super::instr::{
    Binary, BinaryOp, Branch, Cell, Instr, Loop, One, Recurrence, Seq, Shaped, Unary, UnaryOp,
};
use super::memory::*;
use super::object::*;
use super::operand::{Acc, Destination, Imm, Kept, Passed, Slot, Source, Value, Wide};
use super::reference::*;
use super::simd::*;
use super::table::*;
use super::variable::*;

/// A handler and the opcode it belongs to, which shapes that `compact` leaves out do not have.
pub(crate) type Entry = (Option<Opcode>, Handler);

/// The handlers of an op, one for each of its shapes.
pub(crate) trait Handlers {
    const LIST: &'static [Entry];
    /// Those with immediates that only some ops of the family have.
    const IMMEDIATES: &'static [Entry] = &[];
}

/// An access to memory, by the op for 32-bit addresses.
trait Access {
    /// The handlers of the same access with 64-bit addresses.
    const AT64: &'static [Entry];
}

impl Access for V128Store {
    const AT64: &'static [Entry] = &[entry::<V128Store<Slot, Slot, At64>>()];
}

/// The handler of the instruction `I` and its opcode.
pub(crate) const fn entry<I: Instr>() -> Entry {
    match Opcode::new(I::OP, I::SHAPE) {
        Some(opcode) => (Some(opcode), dispatch::handler::<One<I>>()),
        None if cfg!(feature = "compact") => (None, dispatch::handler::<One<I>>()),
        None => panic!("an instruction has a shape that its family lacks"),
    }
}

/// Lists the one handler of ops that have a single shape.
macro_rules! single_shape {
    ($($name:ident)*) => {
        $(
            impl $crate::execute::ops::Handlers for $name {
                const LIST: &'static [$crate::execute::ops::Entry] =
                    &[$crate::execute::ops::entry::<$name>()];
            }
            impl $crate::execute::instr::Shaped<$crate::execute::instr::Slots> for $name {
                type Instr = $name;
            }
        )*
    };
}
pub(crate) use single_shape;

const fn unary<O: UnaryOp>() -> [Entry; 4] {
    [
        entry::<Unary<O, Slot, Slot>>(),
        entry::<Unary<O, Slot, Acc>>(),
        entry::<Unary<O, Acc, Slot>>(),
        entry::<Unary<O, Acc, Acc>>(),
    ]
}

const fn commutative<O: BinaryOp>() -> [Entry; 8] {
    [
        entry::<Binary<O, Slot, Slot, Slot>>(),
        entry::<Binary<O, Slot, Slot, Imm>>(),
        entry::<Binary<O, Slot, Acc, Slot>>(),
        entry::<Binary<O, Slot, Acc, Imm>>(),
        entry::<Binary<O, Acc, Slot, Slot>>(),
        entry::<Binary<O, Acc, Slot, Imm>>(),
        entry::<Binary<O, Acc, Acc, Slot>>(),
        entry::<Binary<O, Acc, Acc, Imm>>(),
    ]
}

const fn binary<O: BinaryOp>() -> [Entry; 14] {
    [
        entry::<Binary<O, Slot, Slot, Slot>>(),
        entry::<Binary<O, Slot, Slot, Imm>>(),
        entry::<Binary<O, Slot, Acc, Slot>>(),
        entry::<Binary<O, Slot, Acc, Imm>>(),
        entry::<Binary<O, Slot, Slot, Acc>>(),
        entry::<Binary<O, Slot, Imm, Slot>>(),
        entry::<Binary<O, Slot, Imm, Acc>>(),
        entry::<Binary<O, Acc, Slot, Slot>>(),
        entry::<Binary<O, Acc, Slot, Imm>>(),
        entry::<Binary<O, Acc, Acc, Slot>>(),
        entry::<Binary<O, Acc, Acc, Imm>>(),
        entry::<Binary<O, Acc, Slot, Acc>>(),
        entry::<Binary<O, Acc, Imm, Slot>>(),
        entry::<Binary<O, Acc, Imm, Acc>>(),
    ]
}

/// The shapes of any binary op whose second operand may be a wide immediate.
const fn wide<O: BinaryOp>() -> [Entry; 4] {
    [
        entry::<Binary<O, Slot, Slot, Wide>>(),
        entry::<Binary<O, Slot, Acc, Wide>>(),
        entry::<Binary<O, Acc, Slot, Wide>>(),
        entry::<Binary<O, Acc, Acc, Wide>>(),
    ]
}

const fn wide_branch<O: BinaryOp<D = i32>>() -> [Entry; 2] {
    [entry::<Branch<O, Slot, Wide>>(), entry::<Branch<O, Acc, Wide>>()]
}

const fn branch<O: BinaryOp<D = i32>>() -> [Entry; 4] {
    [
        entry::<Branch<O, Slot, Slot>>(),
        entry::<Branch<O, Slot, Imm>>(),
        entry::<Branch<O, Acc, Slot>>(),
        entry::<Branch<O, Acc, Imm>>(),
    ]
}

const fn load<O: LoadOp>() -> [Entry; 6] {
    [
        entry::<Load<O, Slot, Slot>>(),
        entry::<Load<O, Slot, Acc>>(),
        entry::<Load<O, Slot, Imm>>(),
        entry::<Load<O, Acc, Slot>>(),
        entry::<Load<O, Acc, Acc>>(),
        entry::<Load<O, Acc, Imm>>(),
    ]
}

const fn store<O: StoreOp>() -> [Entry; 9] {
    [
        entry::<Store<O, Slot, Slot>>(),
        entry::<Store<O, Acc, Slot>>(),
        entry::<Store<O, Imm, Slot>>(),
        entry::<Store<O, Slot, Acc>>(),
        entry::<Store<O, Acc, Acc>>(),
        entry::<Store<O, Imm, Acc>>(),
        entry::<Store<O, Slot, Imm>>(),
        entry::<Store<O, Acc, Imm>>(),
        entry::<Store<O, Imm, Imm>>(),
    ]
}

/// The shapes of instructions on a vector and another one or a count.
const fn binary_v128<O: BinaryOp>() -> [Entry; 6] {
    [
        entry::<Binary<O, Slot, Slot, Slot>>(),
        entry::<Binary<O, Slot, Acc, Slot>>(),
        entry::<Binary<O, Slot, Slot, Acc>>(),
        entry::<Binary<O, Acc, Slot, Slot>>(),
        entry::<Binary<O, Acc, Acc, Slot>>(),
        entry::<Binary<O, Acc, Slot, Acc>>(),
    ]
}

/// The shapes of instructions on a vector and a count that is an immediate.
const fn shift_v128<O: BinaryOp>() -> [Entry; 4] {
    [
        entry::<Binary<O, Slot, Slot, Imm>>(),
        entry::<Binary<O, Slot, Acc, Imm>>(),
        entry::<Binary<O, Acc, Slot, Imm>>(),
        entry::<Binary<O, Acc, Acc, Imm>>(),
    ]
}

/// Lists the handlers of an instruction whose operands `d`, `x` and `y` each may be in an accumulator.
macro_rules! each_dxy {
    ($instr:ident<$op:ident>) => {
        [
            entry::<$instr<$op, Slot, Slot, Slot>>(),
            entry::<$instr<$op, Slot, Acc, Slot>>(),
            entry::<$instr<$op, Slot, Slot, Acc>>(),
            entry::<$instr<$op, Slot, Acc, Acc>>(),
            entry::<$instr<$op, Acc, Slot, Slot>>(),
            entry::<$instr<$op, Acc, Acc, Slot>>(),
            entry::<$instr<$op, Acc, Slot, Acc>>(),
            entry::<$instr<$op, Acc, Acc, Acc>>(),
        ]
    };
}

const fn load_at64<O: LoadOp>() -> [Entry; 4] {
    [
        entry::<Load<O, Slot, Slot, At64>>(),
        entry::<Load<O, Slot, Acc, At64>>(),
        entry::<Load<O, Acc, Slot, At64>>(),
        entry::<Load<O, Acc, Acc, At64>>(),
    ]
}

const fn store_at64<O: StoreOp>() -> [Entry; 6] {
    [
        entry::<Store<O, Slot, Slot, At64>>(),
        entry::<Store<O, Acc, Slot, At64>>(),
        entry::<Store<O, Slot, Acc, At64>>(),
        entry::<Store<O, Acc, Acc, At64>>(),
        entry::<Store<O, Slot, Imm, At64>>(),
        entry::<Store<O, Acc, Imm, At64>>(),
    ]
}

macro_rules! define_op_types {
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
        $(unary_op!($unary, $ux, $ud, |x| Ok($uf(x)));)*
        $(unary_op!($try1, $tx, $td, $tf);)*
        $(unary_op!($v1, $v1x, $v1d, |x| Ok(<$v1d>::from($v1f(x))));)*
        $(binary_op!($comm, $cx, $cy, $cd, |x, y| Ok($cf(x, y)));)*
        $(binary_op!($bin, $bx, $by, $bd, |x, y| Ok($bf(x, y)));)*
        $(binary_op!($try2, $t2x, $t2y, $t2d, $t2f);)*
        $(binary_op!($v2, $v2x, $v2y, $v2d, |x, y| Ok($v2f(x, y)));)*
        $(binary_op!($ci, $cit, $cit, i32, |x, y| Ok(i32::from($cif(x, y))));)*
        $(binary_op!($cf2, $cf2t, $cf2t, i32, |x, y| Ok(i32::from($cf2f(x, y))));)*
        $(condition_op!($br, $brt, $brf);)*
        $(unary_family!($unary);)*
        $(unary_family!($try1);)*
        $(binary_family!(commutative, $comm);)*
        $(binary_family!(binary, $bin);)*
        $(binary_family!(binary, $try2);)*
        $(binary_family!(commutative, $ci);)*
        $(binary_family!(commutative, $cf2);)*
        $(
            pub(crate) struct $load;
            impl LoadOp for $load {
                const OP: Op = Op::$load;
                type Raw = $lr;
                type D = $ld;

                #[inline(always)]
                fn extend(raw: $lr) -> $ld {
                    let extend: fn($lr) -> $ld = $lf;
                    extend(raw)
                }
            }
            impl Access for $load {
                const AT64: &'static [Entry] = &load_at64::<$load>();
            }
            impl Handlers for $load {
                const LIST: &'static [Entry] = &load::<$load>();
            }
            impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $load {
                type Instr = Load<$load, D, X>;
            }
        )*
        $(
            pub(crate) struct $store;
            impl StoreOp for $store {
                const OP: Op = Op::$store;
                type Raw = $sr;
                type V = $sv;

                #[inline(always)]
                fn wrap(value: $sv) -> $sr {
                    let wrap: fn($sv) -> $sr = $sf;
                    wrap(value)
                }
            }
            impl Access for $store {
                const AT64: &'static [Entry] = &store_at64::<$store>();
            }
            impl Handlers for $store {
                const LIST: &'static [Entry] = &store::<$store>();
            }
            impl<X: Source, Y: Source> Shaped<(Slot, X, Y)> for $store {
                type Instr = Store<$store, X, Y>;
            }
        )*
        $(unary_family!($v1);)*
        $(
            impl Handlers for $v2 {
                const LIST: &'static [Entry] = &binary_v128::<$v2>();
                const IMMEDIATES: &'static [Entry] =
                    if <$v2y>::IS_VECTOR { &[] } else { &shift_v128::<$v2>() };
            }
            impl<D: Destination, X: Source, Y: Source> Shaped<(D, X, Y)> for $v2 {
                type Instr = Binary<$v2, D, X, Y>;
            }
        )*
        $(
            pub(crate) struct $v3;
            impl TernaryOp for $v3 {
                const OP: Op = Op::$v3;

                #[inline(always)]
                fn eval(x: V128, y: V128, z: V128) -> V128 {
                    $v3f(x, y, z)
                }
            }
            impl Handlers for $v3 {
                const LIST: &'static [Entry] = &[
                    entry::<Ternary<$v3, Slot, Slot, Slot>>(),
                    entry::<Ternary<$v3, Slot, Acc, Slot>>(),
                    entry::<Ternary<$v3, Slot, Slot, Acc>>(),
                    entry::<Ternary<$v3, Acc, Slot, Slot>>(),
                    entry::<Ternary<$v3, Acc, Acc, Slot>>(),
                    entry::<Ternary<$v3, Acc, Slot, Acc>>(),
                ];
            }
            impl<D: Destination, X: Source, Y: Source> Shaped<(D, X, Y)> for $v3 {
                type Instr = Ternary<$v3, D, X, Y>;
            }
        )*
        $(
            pub(crate) struct $vx;
            impl ExtractLaneOp for $vx {
                const OP: Op = Op::$vx;
                type D = $vxd;

                #[inline(always)]
                fn eval(v: V128, lane: u8) -> $vxd {
                    $vxf(v, lane)
                }
            }
            impl Handlers for $vx {
                const LIST: &'static [Entry] = &[
                    entry::<ExtractLane<$vx, Slot, Slot>>(),
                    entry::<ExtractLane<$vx, Slot, Acc>>(),
                    entry::<ExtractLane<$vx, Acc, Slot>>(),
                    entry::<ExtractLane<$vx, Acc, Acc>>(),
                ];
            }
            impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $vx {
                type Instr = ExtractLane<$vx, D, X>;
            }
        )*
        $(
            pub(crate) struct $vr;
            impl ReplaceLaneOp for $vr {
                const OP: Op = Op::$vr;
                type Y = $vrt;

                #[inline(always)]
                fn eval(v: V128, lane: u8, y: $vrt) -> V128 {
                    $vrf(v, lane, y)
                }
            }
            impl Handlers for $vr {
                const LIST: &'static [Entry] = &each_dxy!(ReplaceLane<$vr>);
            }
            impl<D: Destination, X: Source, Y: Source> Shaped<(D, X, Y)> for $vr {
                type Instr = ReplaceLane<$vr, D, X, Y>;
            }
        )*
        $(
            pub(crate) struct $vl;
            impl LoadOp for $vl {
                const OP: Op = Op::$vl;
                type Raw = $vlr;
                type D = $vld;

                #[inline(always)]
                fn extend(raw: $vlr) -> $vld {
                    $vlf(raw)
                }
            }
            impl Access for $vl {
                const AT64: &'static [Entry] = &[entry::<Load<$vl, Slot, Slot, At64>>()];
            }
            impl Handlers for $vl {
                const LIST: &'static [Entry] = &[
                    entry::<Load<$vl, Slot, Slot>>(),
                    entry::<Load<$vl, Slot, Acc>>(),
                    entry::<Load<$vl, Acc, Slot>>(),
                    entry::<Load<$vl, Acc, Acc>>(),
                ];
            }
            impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $vl {
                type Instr = Load<$vl, D, X>;
            }
        )*
        $(
            pub(crate) struct $ll;
            impl LaneOp for $ll {
                const OP: Op = Op::$ll;
                type Raw = $llr;
            }
            impl Access for $ll {
                const AT64: &'static [Entry] =
                    &[entry::<LoadLane<$ll, Slot, Slot, Slot, At64>>()];
            }
            impl Handlers for $ll {
                const LIST: &'static [Entry] = &each_dxy!(LoadLane<$ll>);
            }
        )*
        $(
            pub(crate) struct $sl;
            impl LaneOp for $sl {
                const OP: Op = Op::$sl;
                type Raw = $slr;
            }
            impl Access for $sl {
                const AT64: &'static [Entry] = &[entry::<StoreLane<$sl, Slot, Slot, At64>>()];
            }
            impl Handlers for $sl {
                const LIST: &'static [Entry] = &[
                    entry::<StoreLane<$sl, Slot, Slot>>(),
                    entry::<StoreLane<$sl, Acc, Slot>>(),
                    entry::<StoreLane<$sl, Slot, Acc>>(),
                    entry::<StoreLane<$sl, Acc, Acc>>(),
                ];
            }
        )*
        $(binary_op!($w2, $w2x, $w2y, V128, |x, y| Ok($w2f(x, y)));)*
        $(impl Handlers for $w2 {
            const LIST: &'static [Entry] = &[entry::<Binary<$w2, Slot, Slot, Slot>>()];
        })*

        /// The handlers of all ops.
        const LISTS: &[&[Entry]] = &[
            $($unary::LIST,)* $($try1::LIST,)* $($comm::LIST,)* $($bin::LIST,)* $($try2::LIST,)*
            $($ci::LIST,)* $($cf2::LIST,)* $($br::LIST,)* $($load::LIST,)* $($store::LIST,)*
            $($v1::LIST,)* $($v2::LIST,)* $($v3::LIST,)* $($vx::LIST,)* $($vr::LIST,)* $($vl::LIST,)*
            $($ll::LIST,)* $($sl::LIST,)* $(<$a32 as Access>::AT64,)* $($w2::LIST,)*
            $(<$sp as Handlers>::LIST,)* $($v2::IMMEDIATES,)* $($comm::IMMEDIATES,)* $($bin::IMMEDIATES,)* $($try2::IMMEDIATES,)*
            $($ci::IMMEDIATES,)* $($cf2::IMMEDIATES,)* $($br::IMMEDIATES,)*
        ];
    };
}

macro_rules! unary_op {
    ($name:ident, $x:ty, $d:ty, $eval:expr) => {
        pub(crate) struct $name;
        impl UnaryOp for $name {
            const OP: Op = Op::$name;
            type X = $x;
            type D = $d;

            #[inline(always)]
            fn eval(x: $x) -> Result<$d, Trap> {
                let eval: fn($x) -> Result<$d, Trap> = $eval;
                eval(x)
            }
        }
    };
}

macro_rules! binary_op {
    ($name:ident, $x:ty, $y:ty, $d:ty, $eval:expr) => {
        pub(crate) struct $name;
        impl BinaryOp for $name {
            const OP: Op = Op::$name;
            type X = $x;
            type Y = $y;
            type D = $d;

            #[inline(always)]
            fn eval(x: $x, y: $y) -> Result<$d, Trap> {
                let eval: fn($x, $y) -> Result<$d, Trap> = $eval;
                eval(x, y)
            }
        }
    };
}

macro_rules! condition_op {
    ($name:ident, $ty:ty, $eval:expr) => {
        binary_op!($name, $ty, $ty, i32, |x, y| {
            let holds: fn($ty, $ty) -> bool = $eval;
            Ok(i32::from(holds(x, y)))
        });
        impl Handlers for $name {
            const LIST: &'static [Entry] = &branch::<$name>();
            const IMMEDIATES: &'static [Entry] =
                if <$ty as Families>::WIDE { &wide_branch::<$name>() } else { &[] };
        }
        impl<X: Source, Y: Source> Shaped<(Slot, X, Y)> for $name {
            type Instr = Branch<$name, X, Y>;
        }
    };
}

macro_rules! unary_family {
    ($name:ident) => {
        impl Handlers for $name {
            const LIST: &'static [Entry] = &unary::<$name>();
        }
        impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $name {
            type Instr = Unary<$name, D, X>;
        }
    };
}

macro_rules! binary_family {
    ($list:ident, $name:ident) => {
        impl Handlers for $name {
            const LIST: &'static [Entry] = &$list::<$name>();
            const IMMEDIATES: &'static [Entry] =
                if <<$name as BinaryOp>::Y as Families>::WIDE { &wide::<$name>() } else { &[] };
        }
        impl<D: Destination, X: Source, Y: Source> Shaped<(D, X, Y)> for $name {
            type Instr = Binary<$name, D, X, Y>;
        }
    };
}

for_each_op!(define_op_types);

/// The cell of a fused sequence.
macro_rules! sequence {
    ($op:ident $shape:tt) => {
        One<<$op as Shaped<$shape>>::Instr>
    };
    ($op:ident $shape:tt, $($rest:tt)+) => {
        Seq<sequence!($op $shape), sequence!($($rest)+)>
    };
}

macro_rules! define_fused_handlers {
    ($($($op:ident $shape:tt),+;)*) => {
        /// The handlers of the fused sequences, in the order of their opcodes: of the sequence, and of the
        /// cell that branches to itself.
        const FUSED: &[(Handler, Handler)] = &[$(fused::<sequence!($($op $shape),+)>(),)*];
    };
}
const fn fused<C: Cell>() -> (Handler, Handler) {
    (dispatch::handler::<C>(), dispatch::handler::<Loop<C>>())
}
for_each_fused!(define_fused_handlers);

macro_rules! define_passing_handlers {
    ($($($op:ident $shape:tt),+;)*) => {
        /// The handlers of the sequences that pass a value on, as in [`FUSED`]; and whether the cell that
        /// branches to itself does so as a recurrence.
        const PASSING: &[(Handler, Handler, bool)] = &[$(passing!($($op $shape),+),)*];
    };
}

/// The handlers of a sequence that passes a value on.
macro_rules! passing {
    (
        $op:ident (Passed, Slot, Slot), Copy (Slot, Slot, Slot), Copy (Slot, Passed, Slot),
        $step:ident (Slot, Slot, Imm), $branch:ident $condition:tt
    ) => {
        recurrence!([] $op, $step, $branch $condition)
    };
    (
        ConsumeFuel $none:tt, $op:ident (Passed, Slot, Slot), Copy (Slot, Slot, Slot), Copy (Slot, Passed, Slot),
        $step:ident (Slot, Slot, Imm), $branch:ident $condition:tt
    ) => {
        recurrence!([ConsumeFuel $none,] $op, $step, $branch $condition)
    };
    ($($op:ident $shape:tt),+) => {{
        let (once, turning) = fused::<sequence!($($op $shape),+)>();
        (once, turning, false)
    }};
}

/// The same of one that is a recurrence, where it branches to itself.
macro_rules! recurrence {
    ([$($fuel:tt)*] $op:ident, $step:ident, $branch:ident $condition:tt) => {{
        type Once = sequence!(
            $($fuel)* $op (Passed, Slot, Slot), Copy (Slot, Slot, Slot), Copy (Slot, Passed, Slot),
            $step (Slot, Slot, Imm), $branch $condition
        );
        type Turning = sequence!(
            $($fuel)* $op (Passed, Kept<0>, Kept<1>), Copy (Kept<0>, Kept<1>, Slot), Copy (Kept<1>, Passed, Slot),
            $step (Kept<2>, Kept<2>, Imm), $branch $condition
        );
        type Before = sequence!($($fuel)* $op (Passed, Slot, Slot));
        type Step = <$step as Shaped<(Slot, Slot, Imm)>>::Instr;
        (dispatch::handler::<Once>(), dispatch::handler::<Recurrence<Before, Step, Once, Turning>>(), true)
    }};
}
for_each_passing!(define_passing_handlers);

/// The handler of each opcode.
pub(crate) static HANDLERS: [Handler; OPCODES] = {
    let mut handlers = [dispatch::handler::<One<Unreachable>>(); OPCODES];
    let mut filled = 0;
    let mut list = 0;
    while list < LISTS.len() {
        let mut at = 0;
        while at < LISTS[list].len() {
            if let (Some(opcode), handler) = LISTS[list][at] {
                handlers[opcode.index()] = handler;
                filled += 1;
            }
            at += 1;
        }
        list += 1;
    }
    let mut row = 0;
    while row < FUSED.len() {
        handlers[Opcode::fused(row).index()] = FUSED[row].0;
        filled += 1;
        row += 1;
    }
    let mut number = 0;
    while number < LOOPS.len() {
        handlers[Opcode::looped(number).index()] = FUSED[LOOPS[number] as usize].1;
        filled += 1;
        number += 1;
    }
    let mut number = 0;
    while number < PASSING.len() {
        handlers[Opcode::passing(number).index()] = PASSING[number].0;
        assert!(PASSING[number].2 == passing::PASSING[number].recurs, "the translator knows");
        filled += 1;
        number += 1;
    }
    let mut at = 0;
    while at < PASSING_LOOPS.len() {
        let number = PASSING_LOOPS[at] as usize;
        handlers[Opcode::passing_loop(at).index()] = PASSING[number].1;
        filled += 1;
        at += 1;
    }
    assert!(filled == OPCODES, "an opcode has no handler");
    handlers
};
