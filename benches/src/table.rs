//! Results of one kind of measurement: a row for each thing measured, a column for each engine.

use crate::engines::BASELINE;
use crate::sampling::{Outcome, Samples};
use serde_json::{Value, json};
use std::fmt;

pub(crate) struct Table {
    /// What was measured, in a word.
    title: &'static str,
    unit: &'static str,
    columns: Vec<String>,
    rows: Vec<Row>,
}

pub(crate) struct Row {
    /// Rows of a group are averaged.
    group: &'static str,
    name: String,
    outcomes: Vec<Outcome>,
}

impl Row {
    /// A row with an outcome for each column.
    pub(crate) fn new(group: &'static str, name: String, outcomes: Vec<Outcome>) -> Self {
        Self { group, name, outcomes }
    }

    /// The row with all numbers multiplied.
    pub(crate) fn scaled(mut self, factor: f64) -> Self {
        let samples = self.outcomes.iter_mut().flatten();
        samples.flat_map(|samples| &mut samples.0).for_each(|number| *number *= factor);
        self
    }

    /// The median of a column relative to that of another.
    fn ratio(&self, column: usize, baseline: usize) -> Option<f64> {
        let baseline = self.outcomes[baseline].as_ref().ok()?.median();
        Some(self.outcomes[column].as_ref().ok()?.median() / baseline)
    }
}

impl Table {
    pub(crate) fn new(title: &'static str, unit: &'static str, columns: Vec<String>) -> Self {
        Self { title, unit, columns, rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        assert_eq!(row.outcomes.len(), self.columns.len(), "a row has an outcome for each column");
        self.rows.push(row);
    }

    /// What engines could not do: the column, the row, and why.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.rows.iter().flat_map(|row| {
            let cells = self.columns.iter().zip(&row.outcomes);
            cells.filter_map(|(column, outcome)| {
                Some((column.as_str(), row.name.as_str(), outcome.as_ref().err()?.as_str()))
            })
        })
    }

    /// The names of the groups in order.
    fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<_> = self.rows.iter().map(|row| row.group).collect();
        groups.dedup();
        groups
    }

    /// The column that others are compared with, if it was measured.
    fn baseline(&self) -> Option<usize> {
        self.columns.iter().position(|column| column == BASELINE)
    }

    /// The geometric mean of a column's ratios over the rows that both it and the baseline have, and
    /// their number; `group` limits the rows.
    fn mean_ratio(&self, column: usize, group: Option<&str>) -> Option<(f64, usize)> {
        let baseline = self.baseline()?;
        let rows = self.rows.iter().filter(|row| group.is_none_or(|group| row.group == group));
        let ratios: Vec<f64> = rows.filter_map(|row| row.ratio(column, baseline)).collect();
        let count = ratios.len();
        let log_sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        (count > 0).then(|| ((log_sum / count as f64).exp(), count))
    }

    /// All that is in the table, with the samples in the order in which they were taken.
    pub(crate) fn to_json(&self) -> Value {
        let mut rows = Vec::new();
        for row in &self.rows {
            for (column, outcome) in self.columns.iter().zip(&row.outcomes) {
                let mut cell = json!({ "name": row.name, "group": row.group, "engine": column });
                match outcome {
                    Ok(samples) => {
                        cell["median"] = rounded(samples.median());
                        cell["min"] = rounded(samples.min());
                        cell["max"] = rounded(samples.max());
                        cell["samples"] = samples.0.iter().copied().map(rounded).collect();
                    }
                    Err(error) => cell["error"] = error.as_str().into(),
                }
                rows.push(cell);
            }
        }
        let means = self.columns.iter().enumerate().filter_map(|(column, name)| {
            let mut means =
                json!({ "engine": name, "all": rounded(self.mean_ratio(column, None)?.0) });
            for group in self.groups() {
                if let Some((mean, _)) = self.mean_ratio(column, Some(group)) {
                    means[group] = rounded(mean);
                }
            }
            Some(means)
        });
        json!({
            "measured": self.title,
            "unit": self.unit,
            "geometric_mean_ratios": means.collect::<Vec<_>>(),
            "rows": rows,
        })
    }
}

/// Six digits are more than any sample is good for.
fn rounded(number: f64) -> Value {
    let text = format!("{number:.5e}");
    text.parse::<f64>().expect("a number was just written").into()
}

/// Tables with more columns than this are printed with a line for each column.
const COLUMNS_MAX: usize = 5;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}: median (min to max) ratio to {BASELINE}", self.title, self.unit)?;
        let mut lines = self.lines();
        if self.columns.len() > COLUMNS_MAX {
            let transposed =
                |column: usize| lines.iter().map(|line| line[column].clone()).collect();
            lines = (0..=self.columns.len()).map(transposed).collect();
        }
        let count = lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        for line in &lines {
            write!(f, "{:1$}", line[0], widths[0])?;
            for (text, width) in line.iter().zip(&widths).skip(1) {
                write!(f, "  {text:>width$}")?;
            }
            writeln!(f)?;
        }
        for (column, row, error) in self.failures() {
            writeln!(f, "! {column}, {row}: {error}")?;
        }
        Ok(())
    }
}

impl Table {
    /// The texts of all cells: a line of names, one for each row, and one for each mean.
    fn lines(&self) -> Vec<Vec<String>> {
        let mut lines = vec![[String::new()].iter().chain(&self.columns).cloned().collect()];
        let groups = self.groups();
        for &group in &groups {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.group == group).collect();
            lines.extend(rows.iter().map(|row| self.row_line(row)));
            if rows.len() > 1 {
                lines.push(self.means_line(&format!("= {group}"), Some(group)));
            }
        }
        if groups.len() > 1 {
            lines.push(self.means_line("= all", None));
        }
        lines
    }

    fn row_line(&self, row: &Row) -> Vec<String> {
        let mut line = vec![row.name.clone()];
        for (column, outcome) in row.outcomes.iter().enumerate() {
            let ratio = self.baseline().and_then(|baseline| row.ratio(column, baseline));
            line.push(cell(outcome, ratio));
        }
        line
    }

    /// Geometric means, with the number of rows where it is not that of the baseline.
    fn means_line(&self, name: &str, group: Option<&str>) -> Vec<String> {
        let rows = self.baseline().and_then(|baseline| self.mean_ratio(baseline, group));
        let mut line = vec![name.into()];
        for column in 0..self.columns.len() {
            line.push(match self.mean_ratio(column, group) {
                None => "-".into(),
                Some((mean, count)) if rows.is_some_and(|(_, rows)| rows == count) => {
                    format!("{mean:.3}")
                }
                Some((mean, count)) => format!("(of {count}) {mean:.3}"),
            });
        }
        line
    }
}

/// A cell: three numbers and the ratio.
fn cell(outcome: &Outcome, ratio: Option<f64>) -> String {
    let Ok(samples) = outcome else { return "-".into() };
    let number = |number: f64| format!("{number:.*}", digits_after_dot(samples));
    let (median, min, max) = (samples.median(), samples.min(), samples.max());
    let mut text = format!("{} ({} to {})", number(median), number(min), number(max));
    if let Some(ratio) = ratio {
        text += &format!(" {ratio:.3}");
    }
    text
}

/// As many digits as show three of the median, or all before the dot.
fn digits_after_dot(samples: &Samples) -> usize {
    let magnitude = samples.median().log10().floor() as i32;
    usize::try_from(2 - magnitude).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = vec!["fulmar".into(), "wasmi".into(), "other".into()];
        let mut table = Table::new("execution", "ms a run", columns);
        let samples = |numbers: &[f64]| Ok(Samples(numbers.to_vec()));
        let first = vec![samples(&[1.0, 3.0, 2.0]), samples(&[4.0]), samples(&[16.0])];
        let second = vec![samples(&[8.0]), samples(&[4.0]), Err("no vectors".into())];
        table.push(Row::new("own", "one".into(), first));
        table.push(Row::new("simd", "two".into(), second));
        table
    }

    #[test]
    fn geometric_means() {
        assert_eq!(table().mean_ratio(0, None), Some((1.0, 2)));
        assert_eq!(table().mean_ratio(0, Some("own")), Some((0.5, 1)));
        assert_eq!(table().mean_ratio(2, None), Some((4.0, 1)));
        assert_eq!(table().mean_ratio(2, Some("simd")), None);
    }

    #[test]
    fn text_has_all_there_is_to_know() {
        let text = table().to_string();
        for part in ["2.00 (1.00 to 3.00) 0.500", "(of 1) 4.000", "! other, two: no vectors"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn json_keeps_samples_and_errors() {
        let json = table().to_json();
        assert_eq!(json["rows"][0]["samples"], json!([1.0, 3.0, 2.0]));
        assert_eq!(json["rows"][5]["error"], "no vectors");
        assert_eq!(json["geometric_mean_ratios"][0]["own"], 0.5);
    }
}
