//! `--help` names every option and argument that a command takes.

use std::process::Command;

fn help(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_fulmar")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_of_each_command_mentions_its_options() {
    let commands: [(&str, &[&str]); 4] = [
        (
            "run",
            &[
                "FILE [ARGS]",
                "--invoke <NAME>",
                "--dir <HOST[::GUEST]>",
                "--env <K[=V]>",
                "--preload <NAME=FILE>",
                "--argv0 <NAME>",
                "--fuel <N>",
                "--max-memory-size <SIZE>",
                "--max-wasm-stack <SIZE>",
            ],
        ),
        ("validate", &["FILE..."]),
        ("inspect", &["FILE", "--json", "--bytecode", "--function <N>"]),
        ("wast", &["FILE...", "--features <SET>"]),
    ];
    let main = help(&["--help"]);
    for (command, options) in commands {
        assert!(main.contains(&format!("\n  {command} ")), "{command}");
        let text = help(&[command, "--help"]);
        for option in options {
            assert!(text.contains(option), "{command} {option}");
        }
        assert!(text.contains("\nExamples:\n"), "{command}");
        assert_eq!(text, help(&["help", command]));
    }
}
