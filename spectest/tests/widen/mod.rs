//! Rewrites modules to 64-bit addresses: the same functions with the same types, but memories and tables are wide, and
//! what addresses them is extended first.
//!
//! So a script for 32-bit addresses holds word for word for the rewritten modules. Memories get the maximum that 32 bits
//! imply, since growth beyond it must still fail.

use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ConstExpr, Function, Instruction, Module, ValType};
use wasmparser::{ConstExpr as SourceExpr, Operator, Parser, Payload, TypeRef};

/// Rewrites all memories and tables of a valid module.
pub(crate) fn widen_all(wasm: &[u8]) -> Vec<u8> {
    Widener { memories: |_| true, ..Widener::new(wasm) }.rewrite(wasm)
}

/// Rewrites all tables of a valid module, and of its memories those with even indices, so that the widths are mixed.
pub(crate) fn widen_even(wasm: &[u8]) -> Vec<u8> {
    Widener { memories: |memory| memory % 2 == 0, ..Widener::new(wasm) }.rewrite(wasm)
}

/// As [`widen_even`], but the memories with odd indices.
pub(crate) fn widen_odd(wasm: &[u8]) -> Vec<u8> {
    Widener { memories: |memory| memory % 2 == 1, ..Widener::new(wasm) }.rewrite(wasm)
}

type Result<T> = std::result::Result<T, Error<Infallible>>;

/// The value of the suite's `global_i32`.
const SPECTEST_I32: i32 = 666;

/// What is known of the module when its parts are rewritten.
struct Widener {
    /// Whether a memory becomes wide.
    memories: fn(u32) -> bool,
    /// The memories that were rewritten so far.
    memory_count: u32,
    /// The number of parameters of each type, and the type of each function that is not imported.
    params: Vec<u32>,
    funcs: Vec<u32>,
    /// The type of each table's elements.
    elements: Vec<wasmparser::RefType>,
    /// The value of each global that is an i32 known before the module runs.
    globals: Vec<Option<i32>>,
    /// The bodies that were rewritten so far.
    body_count: usize,
    /// The first scratch local of the function being rewritten.
    scratch: u32,
}

/// The scratch locals before those for elements; the second i32 is for instructions with two.
const SCRATCH: [ValType; 6] =
    [ValType::I32, ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

/// An operand of an instruction: its scratch local, and whether it becomes wide.
#[derive(Copy, Clone)]
struct Operand {
    scratch: u32,
    wide: bool,
}

const I32: Operand = Operand { scratch: 0, wide: false };
const I32_SECOND: Operand = Operand { scratch: 1, wide: false };
const I64: Operand = Operand { scratch: 2, wide: false };
const F32: Operand = Operand { scratch: 3, wide: false };
const F64: Operand = Operand { scratch: 4, wide: false };
const V128: Operand = Operand { scratch: 5, wide: false };

fn wide_if(wide: bool) -> Operand {
    Operand { wide, ..I32 }
}

impl Widener {
    /// Reads what rewriting needs to know.
    fn new(wasm: &[u8]) -> Self {
        let mut widener = Self {
            memories: |_| true,
            memory_count: 0,
            params: Vec::new(),
            funcs: Vec::new(),
            elements: Vec::new(),
            globals: Vec::new(),
            body_count: 0,
            scratch: 0,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            widener.note(payload.expect("the module is valid")).expect("the module is valid");
        }
        widener
    }

    fn note(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    for ty in group?.into_types() {
                        let params = match &ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(ty) => ty.params().len(),
                            _ => 0,
                        };
                        self.params.push(params as u32);
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Table(ty) => self.elements.push(ty.element_type),
                        TypeRef::Global(_) => {
                            let known = (import.module, import.name) == ("spectest", "global_i32");
                            self.globals.push(known.then_some(SPECTEST_I32));
                        }
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(funcs) => {
                self.funcs = funcs.into_iter().collect::<wasmparser::Result<_>>()?;
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.elements.push(table?.ty.element_type);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let value = self.value(&global?.init_expr);
                    self.globals.push(value);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rewrite(mut self, wasm: &[u8]) -> Vec<u8> {
        let mut module = Module::new();
        self.parse_core_module(&mut module, Parser::new(0), wasm).expect("the module is valid");
        module.finish()
    }

    /// The value of a constant expression, if it is an i32 that is known.
    fn value(&self, expr: &SourceExpr<'_>) -> Option<i32> {
        let mut stack: Vec<i32> = Vec::new();
        for operator in expr.get_operators_reader() {
            let value = match operator.ok()? {
                Operator::I32Const { value } => value,
                Operator::GlobalGet { global_index } => self.globals[global_index as usize]?,
                Operator::I32Add => stack.pop()?.wrapping_add(stack.pop()?),
                Operator::I32Mul => stack.pop()?.wrapping_mul(stack.pop()?),
                Operator::I32Sub => {
                    let subtrahend = stack.pop()?;
                    stack.pop()?.wrapping_sub(subtrahend)
                }
                Operator::End => break,
                _ => return None,
            };
            stack.push(value);
        }
        stack.pop()
    }

    /// The offset of a segment as an i64.
    fn offset(&self, expr: &SourceExpr<'_>) -> ConstExpr {
        let offset = self.value(expr).expect("the scripts in question have such offsets only");
        ConstExpr::i64_const(i64::from(offset.cast_unsigned()))
    }

    /// An operand that is an element of a table.
    fn element(&self, table: u32) -> Operand {
        Operand { scratch: SCRATCH.len() as u32 + table, wide: false }
    }

    /// The operands of an instruction on memories or tables from the first one that becomes wide, and whether its result
    /// does; `None` of other instructions.
    fn operands(&self, operator: &Operator<'_>) -> Option<(Vec<Operand>, bool)> {
        let memory = |memory: u32| wide_if((self.memories)(memory));
        let wide = wide_if(true);
        if let Some((memarg, value)) = memarg(operator) {
            let wasmparser::MemArgTarget::Memory(index) = memarg.target else { return None };
            return Some(([memory(index)].into_iter().chain(value).collect(), false));
        }
        Some(match *operator {
            Operator::MemorySize { mem } => (vec![], memory(mem).wide),
            Operator::MemoryGrow { mem } => (vec![memory(mem)], memory(mem).wide),
            Operator::MemoryFill { mem } => {
                (vec![memory(mem), I32_SECOND, Operand { scratch: 0, ..memory(mem) }], false)
            }
            Operator::MemoryInit { mem, .. } => (vec![memory(mem), I32_SECOND, I32], false),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                let (to, from) = (memory(dst_mem), memory(src_mem));
                let len = wide_if(to.wide && from.wide);
                (vec![to, Operand { scratch: 1, ..from }, len], false)
            }
            Operator::TableGet { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. } => (vec![wide], false),
            Operator::TableSet { table } => (vec![wide, self.element(table)], false),
            Operator::TableSize { .. } => (vec![], true),
            Operator::TableGrow { .. } => (vec![wide], true),
            Operator::TableFill { table } => (vec![wide, self.element(table), wide], false),
            Operator::TableCopy { .. } => (vec![wide, Operand { scratch: 1, ..wide }, wide], false),
            Operator::TableInit { .. } => (vec![wide, I32_SECOND, I32], false),
            _ => return None,
        })
    }

    /// Extends those of the operands on the stack that become wide.
    fn extend(&self, operands: &[Operand], function: &mut Function) {
        let Some((first, rest)) = operands.split_first() else { return };
        for operand in rest.iter().rev() {
            function.instruction(&Instruction::LocalSet(self.scratch + operand.scratch));
        }
        if first.wide {
            function.instruction(&Instruction::I64ExtendI32U);
        }
        for operand in rest {
            function.instruction(&Instruction::LocalGet(self.scratch + operand.scratch));
            if operand.wide {
                function.instruction(&Instruction::I64ExtendI32U);
            }
        }
    }
}

/// The memory argument of an instruction, and what it takes beside the address.
fn memarg<'a>(operator: &'a Operator<'_>) -> Option<(&'a wasmparser::MemArg, Option<Operand>)> {
    Some(match operator {
        Operator::I32Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load8U { memarg }
        | Operator::I64Load16S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32S { memarg }
        | Operator::I64Load32U { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::V128Load { memarg }
        | Operator::V128Load8x8S { memarg }
        | Operator::V128Load8x8U { memarg }
        | Operator::V128Load16x4S { memarg }
        | Operator::V128Load16x4U { memarg }
        | Operator::V128Load32x2S { memarg }
        | Operator::V128Load32x2U { memarg }
        | Operator::V128Load8Splat { memarg }
        | Operator::V128Load16Splat { memarg }
        | Operator::V128Load32Splat { memarg }
        | Operator::V128Load64Splat { memarg }
        | Operator::V128Load32Zero { memarg }
        | Operator::V128Load64Zero { memarg } => (memarg, None),
        Operator::I32Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg } => (memarg, Some(I32)),
        Operator::I64Store { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg } => (memarg, Some(I64)),
        Operator::F32Store { memarg } => (memarg, Some(F32)),
        Operator::F64Store { memarg } => (memarg, Some(F64)),
        Operator::V128Store { memarg }
        | Operator::V128Load8Lane { memarg, .. }
        | Operator::V128Load16Lane { memarg, .. }
        | Operator::V128Load32Lane { memarg, .. }
        | Operator::V128Load64Lane { memarg, .. }
        | Operator::V128Store8Lane { memarg, .. }
        | Operator::V128Store16Lane { memarg, .. }
        | Operator::V128Store32Lane { memarg, .. }
        | Operator::V128Store64Lane { memarg, .. } => (memarg, Some(V128)),
        _ => return None,
    })
}

impl Reencode for Widener {
    type Error = Infallible;

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<wasm_encoder::MemoryType> {
        let mut ty = utils::memory_type(self, ty);
        if (self.memories)(self.memory_count) {
            ty.memory64 = true;
            ty.maximum = ty.maximum.or(Some(1 << 16));
        }
        self.memory_count += 1;
        Ok(ty)
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Result<wasm_encoder::TableType> {
        Ok(wasm_encoder::TableType { table64: true, ..utils::table_type(self, ty)? })
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm_encoder::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<()> {
        for import in section.into_imports() {
            let import = import?;
            let name = match (import.module, import.name) {
                ("spectest", "memory") if (self.memories)(self.memory_count) => "memory64",
                ("spectest", "table") => "table64",
                (_, name) => name,
            };
            self.parse_import(imports, wasmparser::Import { name, ..import })?;
        }
        Ok(())
    }

    fn parse_data(
        &mut self,
        data: &mut wasm_encoder::DataSection,
        segment: wasmparser::Data<'_>,
    ) -> Result<()> {
        match &segment.kind {
            wasmparser::DataKind::Active { memory_index, offset_expr }
                if (self.memories)(*memory_index) =>
            {
                let bytes = segment.data.iter().copied();
                data.active(*memory_index, &self.offset(offset_expr), bytes);
                Ok(())
            }
            _ => utils::parse_data(self, data, segment),
        }
    }

    fn parse_element(
        &mut self,
        elements: &mut wasm_encoder::ElementSection,
        segment: wasmparser::Element<'_>,
    ) -> Result<()> {
        match &segment.kind {
            wasmparser::ElementKind::Active { table_index, offset_expr } => {
                let offset = self.offset(offset_expr);
                let items = self.element_items(segment.items)?;
                elements.active(*table_index, &offset, items);
                Ok(())
            }
            _ => utils::parse_element(self, elements, segment),
        }
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<()> {
        let ty = self.funcs[self.body_count];
        self.body_count += 1;
        self.scratch = self.params[ty as usize];
        let mut locals = Vec::new();
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            self.scratch += count;
            locals.push((count, self.val_type(ty)?));
        }
        locals.extend(SCRATCH.map(|ty| (1, ty)));
        for table in 0..self.elements.len() {
            locals.push((1, ValType::Ref(self.ref_type(self.elements[table])?)));
        }
        let mut function = Function::new(locals);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            let (operands, wide_result) = self.operands(&operator).unwrap_or_default();
            self.extend(&operands, &mut function);
            function.instruction(&self.instruction(operator)?);
            if wide_result {
                function.instruction(&Instruction::I32WrapI64);
            }
        }
        code.function(&function);
        Ok(())
    }
}
