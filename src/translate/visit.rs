//! Instructions as the reader meets them.
//!
//! Those of the first version of WebAssembly, but for rare ones, are translated at once: to make an
//! [`Operator`] of each and to find out again what it is takes longer than most of them do. All others come
//! as that. What can't be reached is passed over.

use alloc::vec::Vec;

use wasmparser::{FrameKind, FrameStack, Operator, VisitOperator, VisitSimdOperator};

use crate::buffer::NoMemory;
use crate::code::Op;

use super::Walk;
use super::ir::Kind;
use super::kinds::Kinds;
use super::reader::Catches;

/// There was memory.
type Visited = Result<(), NoMemory>;

/// Asks for room, if the instruction may take more than that of its stretch, and then translates it, if it can be
/// reached. These are macros so that the most common ones become part of the loop over all.
macro_rules! reached {
    ($walk:ident, $room:ident ($($asked:expr),*), $translate:ident ($($arg:expr),*)) => {{
        if $walk.reaches() {
            $walk.$room($($asked),*)?;
            $walk.$translate($($arg),*);
        }
        Ok(())
    }};
    ($walk:ident, $translate:ident ($($arg:expr),*)) => {{
        if $walk.reaches() {
            $walk.$translate($($arg),*);
        }
        Ok(())
    }};
}

/// The same of one that opens a block.
macro_rules! opening {
    ($walk:ident, $($step:tt)*) => {{
        if !$walk.reachable {
            $walk.skipped += 1;
        }
        reached!($walk, $($step)*)
    }};
}

/// The same of one that turns or ends a block, which is reached if its block was.
macro_rules! closing {
    ($walk:ident, $ends:literal, $translate:ident) => {{
        if !$walk.reachable && $walk.skipped > 0 {
            $walk.skipped -= u32::from($ends);
            return Ok(());
        }
        if !$walk.is_free {
            $walk.charge();
        }
        $walk.make_room_for_end()?;
        $walk.$translate();
        Ok(())
    }};
}

impl<'a> Walk<'a> {
    /// Translates an instruction that has no way of its own, if it can be reached.
    fn other(&mut self, operator: &Operator<'_>) -> Visited {
        reached!(self, make_room(operator), operator(operator))
    }

    /// A `try_table` with clauses that were read already.
    pub(super) fn try_table_with(
        &mut self,
        operator: &Operator<'_>,
        catches: Catches<'a>,
    ) -> Visited {
        self.catches = Some(catches);
        opening!(self, make_room(operator), operator(operator))
    }
}

/// Translates an instruction. One that has a row in the op table is known by the number of its operands.
macro_rules! translate {
    ($walk:ident, mvp Block $ann:tt { $ty:ident }) => {
        opening!($walk, make_room_for_block(), block($ty))
    };
    ($walk:ident, mvp Loop $ann:tt { $ty:ident }) => {
        opening!($walk, make_room_for_block(), loop_($ty))
    };
    ($walk:ident, mvp If $ann:tt { $ty:ident }) => {
        opening!($walk, make_room_for_block(), if_($ty))
    };
    ($walk:ident, mvp Else $ann:tt) => {
        closing!($walk, false, else_)
    };
    ($walk:ident, mvp End $ann:tt) => {
        closing!($walk, true, end)
    };
    ($walk:ident, mvp Br $ann:tt { $depth:ident }) => {
        reached!($walk, make_room_for_branch(), br($depth))
    };
    ($walk:ident, mvp BrIf $ann:tt { $depth:ident }) => {
        reached!($walk, make_room_for_branch(), br_if($depth))
    };
    ($walk:ident, mvp Return $ann:tt) => {
        reached!($walk, make_room_for_return(), return_())
    };
    ($walk:ident, mvp Call $ann:tt { $func:ident }) => {
        reached!($walk, make_room_for_call($func), call($func))
    };
    ($walk:ident, mvp Select $ann:tt) => {
        reached!($walk, select())
    };
    ($walk:ident, mvp LocalGet $ann:tt { $index:ident }) => {
        reached!($walk, make_room_for_local($index), local_get($index))
    };
    ($walk:ident, mvp LocalSet $ann:tt { $index:ident }) => {
        reached!($walk, local_set($index))
    };
    ($walk:ident, mvp LocalTee $ann:tt { $index:ident }) => {
        reached!($walk, make_room_for_local($index), local_tee($index))
    };
    ($walk:ident, mvp GlobalGet $ann:tt { $index:ident }) => {
        reached!($walk, global_get($index))
    };
    ($walk:ident, mvp GlobalSet $ann:tt { $index:ident }) => {
        reached!($walk, global_set($index))
    };
    ($walk:ident, mvp I32Const $ann:tt { $value:ident }) => {
        translate!($walk, constant I32, $value.cast_unsigned().into())
    };
    ($walk:ident, mvp I64Const $ann:tt { $value:ident }) => {
        translate!($walk, constant I64, $value.cast_unsigned())
    };
    ($walk:ident, mvp F32Const $ann:tt { $value:ident }) => {
        translate!($walk, constant F32, $value.bits().into())
    };
    ($walk:ident, mvp F64Const $ann:tt { $value:ident }) => {
        translate!($walk, constant F64, $value.bits())
    };
    ($walk:ident, constant $kind:ident, $bits:expr) => {
        reached!($walk, push_const(Kind::$kind, $bits))
    };
    ($walk:ident, mvp I32Eqz $ann:tt) => {
        reached!($walk, eqz(Op::I32Eq, Kind::I32))
    };
    ($walk:ident, mvp I64Eqz $ann:tt) => {
        reached!($walk, eqz(Op::I64Eq, Kind::I64))
    };
    ($walk:ident, mvp I32WrapI64 $ann:tt) => {
        reached!($walk, wrap())
    };
    ($walk:ident, mvp $op:ident (arity 2 -> 1)) => {
        reached!($walk, binary(Op::$op, Kinds::of(Op::$op).d))
    };
    ($walk:ident, mvp $op:ident (arity memarg 1 -> 1) { $arg:ident }) => {
        reached!($walk, load(Op::$op, Kinds::of(Op::$op).d, $arg))
    };
    ($walk:ident, mvp $op:ident (arity memarg 2 -> 0) { $arg:ident }) => {
        reached!($walk, store(Op::$op, $arg, 0))
    };
    ($walk:ident, $proposal:ident $op:ident $ann:tt $({ $($arg:ident),* })?) => {
        $walk.other(&Operator::$op $({ $($arg),* })?)
    };
}

macro_rules! visit {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {
        $(#[inline(always)]
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> Visited {
            translate!(self, $proposal $op $ann $({ $($arg),* })?)
        })*
    };
}

impl<'a> VisitOperator<'a> for Walk<'a> {
    type Output = Visited;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Visited>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(visit);
}

impl<'a> VisitSimdOperator<'a> for Walk<'a> {
    wasmparser::for_each_visit_simd_operator!(visit);
}

impl FrameStack for Walk<'_> {
    /// What `else` wants; nothing else that is valid asks.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}
