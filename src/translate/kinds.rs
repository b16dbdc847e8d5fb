//! The kinds of the operands of every op, from the op table.

use crate::V128;
use crate::code::Op;
use crate::code::table::for_each_op;

use super::ir::{HasKind, Kind};

/// The kinds of an op's operands; of those it lacks, anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) d: Kind,
    pub(super) x: Kind,
    pub(super) y: Kind,
    /// Of the sources beyond `x` and `y`.
    pub(super) rest: Kind,
}

const fn kinds(d: Kind, x: Kind, y: Kind) -> Kinds {
    Kinds { d, x, y, rest: Kind::I64 }
}

/// Of instructions on 64 bits of any type.
const BITS: Kinds = kinds(Kind::I64, Kind::I64, Kind::I64);

/// Of instructions on vectors.
const VECTORS: Kinds = kinds(Kind::V128, Kind::V128, Kind::V128);

macro_rules! define_kinds {
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
        impl Kinds {
            /// The kinds of the operands of `op`.
            pub(super) const fn of(op: Op) -> Kinds {
                match op {
                    $(Op::$unary => kinds(<$ud>::KIND, <$ux>::KIND, Kind::I64),)*
                    $(Op::$try1 => kinds(<$td>::KIND, <$tx>::KIND, Kind::I64),)*
                    $(Op::$comm => kinds(<$cd>::KIND, <$cx>::KIND, <$cy>::KIND),)*
                    $(Op::$bin => kinds(<$bd>::KIND, <$bx>::KIND, <$by>::KIND),)*
                    $(Op::$try2 => kinds(<$t2d>::KIND, <$t2x>::KIND, <$t2y>::KIND),)*
                    $(Op::$ci => kinds(Kind::I32, <$cit>::KIND, <$cit>::KIND),)*
                    $(Op::$cf2 => kinds(Kind::I32, <$cf2t>::KIND, <$cf2t>::KIND),)*
                    $(Op::$br => kinds(Kind::I64, <$brt>::KIND, <$brt>::KIND),)*
                    $(Op::$load => kinds(<$ld>::KIND, Kind::I32, Kind::I64),)*
                    $(Op::$store => kinds(Kind::I64, Kind::I32, <$sv>::KIND),)*
                    $(Op::$v1 => kinds(<$v1d>::KIND, <$v1x>::KIND, Kind::I64),)*
                    $(Op::$v2 => kinds(<$v2d>::KIND, <$v2x>::KIND, <$v2y>::KIND),)*
                    $(Op::$v3)|* => Kinds { rest: Kind::V128, ..VECTORS },
                    $(Op::$vx => kinds(<$vxd>::KIND, Kind::V128, Kind::I64),)*
                    $(Op::$vr => kinds(Kind::V128, Kind::V128, <$vrt>::KIND),)*
                    $(Op::$vl => kinds(<$vld>::KIND, Kind::I32, Kind::I64),)*
                    $(Op::$ll)|* => kinds(Kind::V128, Kind::I32, Kind::V128),
                    $(Op::$sl)|* => kinds(Kind::I64, Kind::I32, Kind::V128),
                    $(Op::$a64 => Kinds { x: Kind::I64, ..Kinds::of(Op::$a32) },)*
                    $(Op::$w2 => kinds(Kind::V128, <$w2x>::KIND, <$w2y>::KIND),)*
                    $(Op::$sp => Kinds::of_special(op),)*
                }
            }
        }
    };
}
for_each_op!(define_kinds);

impl Kinds {
    const fn of_special(op: Op) -> Kinds {
        const V: Kind = Kind::V128;
        match op {
            Op::ReturnF32 | Op::CopyF32 => kinds(Kind::F32, Kind::F32, Kind::I64),
            Op::ReturnF64 | Op::CopyF64 => kinds(Kind::F64, Kind::F64, Kind::I64),
            Op::V128Store => kinds(Kind::I64, Kind::I32, V),
            Op::V128Const | Op::CopyV128 | Op::GlobalGetV128 | Op::GlobalSetV128 => VECTORS,
            Op::I8x16Shuffle => VECTORS,
            Op::StructGetF32 | Op::ArrayGetF32 => kinds(Kind::F32, Kind::I64, Kind::I64),
            Op::StructGetF64 | Op::ArrayGetF64 => kinds(Kind::F64, Kind::I64, Kind::I64),
            Op::StructGetV128 | Op::ArrayGetV128 => kinds(V, Kind::I64, Kind::I64),
            Op::StructSetV128 => kinds(Kind::I64, Kind::I64, V),
            Op::ArraySetV128 => Kinds { rest: V, ..BITS },
            Op::SelectV128 => Kinds { rest: V, ..kinds(V, Kind::I32, V) },
            _ => BITS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Opcode;
    use crate::code::passing::PASSING;
    use alloc::vec::Vec;

    #[test]
    fn what_is_passed_on_is_of_the_class_that_is_read() {
        for (number, passing) in PASSING.iter().enumerate() {
            let parts: Vec<_> = Opcode::passing(number).parts().map(|(op, ..)| op).collect();
            let (put, take) = (parts[usize::from(passing.put)], parts[usize::from(passing.take)]);
            let (made, read) = (Kinds::of(put), Kinds::of(take));
            let read = if passing.as_y { read.y } else { read.x };
            assert_eq!(made.d.class(), read.class(), "{put:?}, {take:?}");
        }
    }
}
