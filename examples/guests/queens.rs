//! Places queens on a chess board so that none attacks another.
//!
//!     queens [SIZE]
//!
//! A guest for WASI: recursion over bit sets, vectors, formatting, and arguments.

use std::env;
use std::process::ExitCode;

const SIZE_MAX: u32 = 16;

fn main() -> ExitCode {
    let size = match env::args().nth(1).map(|text| text.parse()) {
        None => 8,
        Some(Ok(size @ 1..=SIZE_MAX)) => size,
        Some(_) => {
            eprintln!("queens: the size of the board is a number from 1 to {SIZE_MAX}");
            return ExitCode::from(2);
        }
    };
    let board = Search::new(size).run();
    match &board.first {
        Some(columns) => print!("{}", draw(columns)),
        None => println!("no way on a board of {size} by {size}"),
    }
    println!();
    println!("size  solutions        queens placed");
    for size in 1..=size {
        let Search { solutions, tried, .. } = Search::new(size).run();
        println!("{size:4} {solutions:10} {tried:20}");
    }
    ExitCode::SUCCESS
}

/// A search through all boards of one size, row by row.
struct Search {
    size: u32,
    /// The column of the queen in each row so far.
    columns: Vec<u32>,
    /// The first solution.
    first: Option<Vec<u32>>,
    solutions: u64,
    tried: u64,
}

impl Search {
    fn new(size: u32) -> Self {
        Search { size, columns: Vec::new(), first: None, solutions: 0, tried: 0 }
    }

    fn run(mut self) -> Self {
        self.place(0, 0, 0);
        self
    }

    /// Tries all places in the next row that no queen attacks: straight down, or along the falling
    /// and rising diagonals; each set has a bit for a column.
    fn place(&mut self, straight: u32, falling: u32, rising: u32) {
        if self.columns.len() as u32 == self.size {
            self.solutions += 1;
            self.first.get_or_insert_with(|| self.columns.clone());
            return;
        }
        let mut free = !(straight | falling | rising) & ((1 << self.size) - 1);
        while free != 0 {
            let queen = free & free.wrapping_neg();
            free ^= queen;
            self.tried += 1;
            self.columns.push(queen.trailing_zeros());
            self.place(straight | queen, (falling | queen) << 1, (rising | queen) >> 1);
            self.columns.pop();
        }
    }
}

/// A board with a queen in each row.
fn draw(columns: &[u32]) -> String {
    let size = columns.len();
    let rule = format!("  +{}\n", "---+".repeat(size));
    let mut board = rule.clone();
    for (row, &queen) in columns.iter().enumerate() {
        board += &format!("{:2}|", size - row);
        for column in 0..size as u32 {
            board += if column == queen { " Q |" } else { "   |" };
        }
        board.push('\n');
        board += &rule;
    }
    board += "   ";
    for column in 0..size as u8 {
        board += &format!(" {}  ", char::from(b'a' + column));
    }
    board.truncate(board.trim_end().len());
    board.push('\n');
    board
}
