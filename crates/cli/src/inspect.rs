//! `fulmar inspect`: prints what a module consists of, for people or as JSON, or the bytecode of its functions.

use crate::args::InspectArgs;
use crate::escape::{escape, escape_json};
use crate::load::ModuleFile;
use crate::report::SUCCESS;
use crate::summary::{Functions, Section, Summary};
use anyhow::{Context, Result, bail};
use fulmar::{Engine, Error};
use serde::Serialize;
use std::fmt;
use std::io::{self, BufWriter, Write};

/// Inspects a module and gives the exit code.
pub(crate) fn inspect(args: &InspectArgs) -> Result<i32> {
    let file = ModuleFile::read(&args.file)?;
    let summary = Summary::read(&file.bytes).with_context(|| file.name.clone())?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.bytecode {
        print_bytecode(&file, &summary, args.function, &mut out)?;
    } else {
        let inspection = Inspection::new(&file, &summary);
        if args.json {
            let json = serde_json::to_string_pretty(&inspection)?;
            writeln!(out, "{}", escape_json(&json))?;
        } else {
            inspection.print(&mut out)?;
        }
    }
    out.flush()?;
    Ok(SUCCESS)
}

/// All that is printed of a module.
#[derive(Serialize)]
struct Inspection<'a> {
    file: &'a str,
    /// Whether `fulmar` can run it, by its default configuration.
    valid: bool,
    /// Why not.
    error: Option<Fault>,
    #[serde(flatten)]
    summary: &'a Summary,
}

#[derive(Serialize)]
struct Fault {
    message: String,
    offset: Option<usize>,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { message: error.to_string(), offset: error.offset() }
    }
}

impl<'a> Inspection<'a> {
    fn new(file: &'a ModuleFile, summary: &'a Summary) -> Self {
        let error =
            fulmar::Module::validate(&Engine::default(), &file.bytes).err().map(Fault::from);
        Self { file: &file.name, valid: error.is_none(), error, summary }
    }

    /// Prints it for people.
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let bytes = self.summary.bytes;
        write!(out, "{}: {bytes} bytes, ", escape(self.file))?;
        match &self.error {
            None => writeln!(out, "valid")?,
            Some(error) => writeln!(out, "not valid: {}", escape(&error.message))?,
        }
        self.print_totals(out)?;
        self.print_lists(out)
    }

    fn print_totals(&self, out: &mut impl Write) -> io::Result<()> {
        let Summary { types, functions, start, tags, .. } = self.summary;
        let Functions { imported, defined, code_bytes } = functions;
        writeln!(out, "types: {types}")?;
        writeln!(out, "functions: {imported} imported, {defined} defined ({code_bytes} bytes)")?;
        if let Some(start) = start {
            writeln!(out, "start function: {start}")?;
        }
        if *tags > 0 {
            writeln!(out, "tags: {tags}")?;
        }
        let Summary { element_segments, data_segments, data_bytes, .. } = self.summary;
        writeln!(out, "element segments: {element_segments}")?;
        writeln!(out, "data segments: {data_segments} ({data_bytes} bytes)")
    }

    fn print_lists(&self, out: &mut impl Write) -> io::Result<()> {
        let Summary { imports, exports, memories, tables, globals, .. } = self.summary;
        let rows = imports.iter().map(|import| {
            [
                format!("{:?} {:?}", import.module, import.name),
                format!("{} {}", import.kind, import.ty),
            ]
        });
        print_list(out, "imports", rows)?;
        let rows = exports.iter().map(|export| {
            [
                format!("{:?}", export.name),
                format!("{} {}: {}", export.kind, export.index, export.ty),
            ]
        });
        print_list(out, "exports", rows)?;
        let row = |index: usize, ty: String, imported: bool| {
            [index.to_string(), if imported { ty + " (imported)" } else { ty }]
        };
        let rows = memories.iter().map(|memory| row(memory.index, memory.ty(), memory.imported));
        print_list(out, "memories (pages: minimum, maximum)", rows)?;
        let rows = tables.iter().map(|table| row(table.index, table.ty(), table.imported));
        print_list(out, "tables (elements: minimum, maximum, type)", rows)?;
        let rows = globals.iter().map(|global| row(global.index, global.ty(), global.imported));
        print_list(out, "globals", rows)?;
        let row = |name: String, section: &Section| {
            [name, format!("{:#x}", section.offset), format!("{} bytes", section.bytes)]
        };
        let Summary { sections, custom_sections, .. } = self.summary;
        let rows = sections.iter().map(|section| row(section.name.clone(), section));
        print_list(out, "sections (offset, size)", rows)?;
        let rows =
            custom_sections.iter().map(|section| row(format!("{:?}", section.name), section));
        print_list(out, "custom sections (offset, size)", rows)
    }
}

/// Prints rows in columns under a title; nothing if there are none.
fn print_list<const N: usize>(
    out: &mut impl Write,
    title: &str,
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    writeln!(out, "\n{title}")?;
    for row in &rows {
        let mut line = String::new();
        for (text, width) in row.iter().zip(widths) {
            line.push_str(&format!("  {text:<width$}"));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Prints the bytecode of all functions, or of one.
fn print_bytecode(
    file: &ModuleFile,
    summary: &Summary,
    function: Option<u32>,
    out: &mut impl Write,
) -> Result<()> {
    let imported = summary.functions.imported;
    let end = imported + summary.functions.defined;
    if let Some(function) = function.filter(|function| !(imported..end).contains(function)) {
        let name = &file.name;
        if function < imported {
            bail!("{name}: function {function} is imported and has no bytecode");
        }
        bail!("{name}: no function {function}: expected an index below {end}");
    }
    let module = file.module(&Engine::default())?;
    let mut text = Text { out, error: None };
    let printed = module.print_bytecode(function, &mut text);
    match (text.error, printed) {
        (Some(error), _) => Err(error.into()),
        (None, printed) => {
            printed.with_context(|| format!("{}: cannot print the bytecode", file.name))
        }
    }
}

/// Text on its way to a writer that takes bytes; keeps the writer's error, which `fmt` has no room for.
struct Text<W> {
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> fmt::Write for Text<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.write_all(escape(text).as_bytes()).map_err(|error| {
            self.error = Some(error);
            fmt::Error
        })
    }
}
