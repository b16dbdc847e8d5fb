//! Structured control: blocks, loops, conditionals and the function itself.

use wasmparser::BlockType;

use crate::code::Op;
use crate::types::index::TypeIdx;

use super::ir::{Kind, Label};
use super::{Walk, kind_of};

/// What opened a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Function,
    Block,
    Loop,
    /// The first arm; holds the label of the second.
    If(Label),
    Else,
    TryTable,
}

/// An open block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) ty: BlockType,
    /// Where branches to the frame lead: a loop's start, otherwise the end.
    pub(super) label: Label,
    /// Whether there are such branches.
    pub(super) branched: bool,
    /// The entries below the frame's parameters, and the slot that follows them.
    pub(super) height: usize,
    pub(super) slot: u32,
    /// While a branch table is translated: the moves and the branch that lead to this frame.
    pub(super) stub: Option<Label>,
    /// The mark of settled entries of the frame around this one.
    settled: usize,
}

impl Walk<'_> {
    /// The kinds of a block type's parameters.
    fn block_params(&self, ty: BlockType) -> usize {
        match ty {
            BlockType::Empty | BlockType::Type(_) => 0,
            BlockType::FuncType(ty) => self.module.signature(TypeIdx(ty)).params().len(),
        }
    }

    /// The number of a frame's results.
    pub(super) fn frame_results(&self, frame: &Frame) -> usize {
        match (frame.kind, frame.ty) {
            (FrameKind::Function, _) => self.signature().results().len(),
            (_, BlockType::Empty) => 0,
            (_, BlockType::Type(_)) => 1,
            (_, BlockType::FuncType(ty)) => self.module.signature(TypeIdx(ty)).results().len(),
        }
    }

    /// The number of values a branch to a frame carries.
    pub(super) fn branch_arity(&self, frame: &Frame) -> usize {
        match frame.kind {
            FrameKind::Loop => self.block_params(frame.ty),
            _ => self.frame_results(frame),
        }
    }

    /// Pushes temporaries for a block's results (or parameters, at the second arm).
    fn push_block_values(&mut self, ty: BlockType, results: bool) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => {
                if results {
                    self.stack.push_temp(kind_of(ty));
                }
            }
            BlockType::FuncType(ty) => {
                let ty = self.module.signature(TypeIdx(ty));
                for ty in if results { ty.results() } else { ty.params() } {
                    self.stack.push_temp(Kind::of(*ty));
                }
            }
        }
    }

    /// Opens the frame of the function.
    pub(super) fn push_function_frame(&mut self) {
        let label = self.list.label();
        self.frames.push(Frame {
            kind: FrameKind::Function,
            ty: BlockType::Empty,
            label,
            branched: false,
            height: 0,
            slot: self.stack.next_slot(),
            stub: None,
            settled: 0,
        });
    }

    pub(super) fn push_frame(&mut self, kind: FrameKind, ty: BlockType) -> Label {
        let params = self.block_params(ty);
        let slot = match self.stack.top(params).first() {
            Some(entry) => entry.slot,
            None => self.stack.next_slot(),
        };
        let label = self.list.label();
        let height = self.stack.len() - params;
        let settled = self.stack.enter(height);
        let frame = Frame { kind, ty, label, branched: false, height, slot, stub: None, settled };
        self.frames.push(frame);
        label
    }

    pub(super) fn block(&mut self, ty: BlockType) {
        self.spill();
        self.push_frame(FrameKind::Block, ty);
    }

    pub(super) fn loop_(&mut self, ty: BlockType) {
        self.spill();
        self.settle(self.block_params(ty));
        let label = self.push_frame(FrameKind::Loop, ty);
        self.place(label);
        self.start_fuel();
    }

    pub(super) fn if_(&mut self, ty: BlockType) {
        let condition = self.pop_condition();
        let params = self.block_params(ty);
        self.spill();
        self.settle(params);
        let otherwise = self.list.label();
        // Both arms read the parameters from their slots.
        self.emit_branch_unless(condition, otherwise, params > 0);
        self.push_frame(FrameKind::If(otherwise), ty);
    }

    pub(super) fn else_(&mut self) {
        let mut frame = self.frames.pop().expect("validated: a frame is open");
        let FrameKind::If(otherwise) = frame.kind else {
            unreachable!("validated: else turns an if")
        };
        if self.reachable {
            self.settle(self.frame_results(&frame));
            self.jump(frame.label);
            frame.branched = true;
        }
        self.stack.truncate(frame.height);
        self.place(otherwise);
        self.push_block_values(frame.ty, false);
        frame.kind = FrameKind::Else;
        self.frames.push(frame);
        self.set_reachable(true);
        self.start_fuel();
    }

    pub(super) fn end(&mut self) {
        let frame = self.frames.pop().expect("validated: a frame is open");
        self.stack.leave(frame.settled);
        match frame.kind {
            FrameKind::Function => return self.end_function(&frame),
            // Nothing joins at the end of a loop, but what follows it runs once.
            FrameKind::Loop => {
                self.list.switches.close(frame.label);
                if self.reachable {
                    self.start_fuel();
                }
            }
            FrameKind::Block | FrameKind::Else | FrameKind::TryTable => {
                if frame.kind == FrameKind::TryTable {
                    self.list.tries.close(self.list.nodes.len());
                }
                if frame.branched {
                    self.join(&frame, None);
                }
            }
            FrameKind::If(otherwise) => self.join(&frame, Some(otherwise)),
        }
        if !self.reachable {
            self.stack.truncate(frame.height);
        }
    }

    /// Ends a frame at whose end several ways join.
    fn join(&mut self, frame: &Frame, otherwise: Option<Label>) {
        if self.reachable {
            self.settle(self.frame_results(frame));
        } else {
            self.stack.truncate(frame.height);
            self.push_block_values(frame.ty, true);
        }
        if let Some(otherwise) = otherwise {
            self.place(otherwise);
        }
        self.place(frame.label);
        self.set_reachable(true);
        self.start_fuel();
    }

    /// Ends the function. Branches to its end return at once, so that nothing joins here but what
    /// is caught.
    fn end_function(&mut self, frame: &Frame) {
        if self.reachable {
            self.return_values(self.frame_results(frame), false);
        }
        if frame.branched {
            self.return_caught(frame);
        }
        self.set_reachable(false);
    }

    /// Makes what follows unreachable.
    pub(super) fn unreachable_from_here(&mut self) {
        self.set_reachable(false);
        self.skipped = 0;
    }

    /// Emits a branch that is always taken.
    pub(super) fn jump(&mut self, label: Label) {
        self.emit_words(Op::Br, [label.0, 0, 0, 0]);
    }
}
