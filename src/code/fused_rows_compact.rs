//! The table of fused sequences for the feature `compact`: copies and the ends of loops, which hardly
//! take code.

/// Calls the macro `$consumer` with every fused sequence.
macro_rules! for_each_fused {
    ($consumer:ident) => {
        $consumer! {
            Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
            Copy(Slot, Slot, Slot), Br(Slot, Slot, Slot);
            Copy(Slot, Imm, Slot), Br(Slot, Slot, Slot);
            I32Add(Slot, Slot, Imm), Br(Slot, Slot, Slot);
            I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
            I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Slot);
            I32Add(Slot, Slot, Imm), BrIfI32LtU(Slot, Slot, Slot);
            I32Add(Slot, Slot, Imm), I32Load(Slot, Slot, Slot);
            I32Add(Slot, Slot, Slot), I32Load(Slot, Slot, Slot);
            I32Load(Slot, Slot, Slot), I32Load(Slot, Slot, Slot);
            I32Load(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
            I32Store(Slot, Slot, Slot), I32Store(Slot, Slot, Slot);
            F64Mul(Slot, Slot, Slot), F64Add(Slot, Slot, Slot);
            F32Mul(Slot, Slot, Slot), F32Add(Slot, Slot, Slot);
        }
    };
}
pub(crate) use for_each_fused;
