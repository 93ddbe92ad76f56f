use clap::Command;
use hallpass::cli::Cli;

use crate::page::{Page, all};

fn pages() -> Vec<(String, String)> {
    let pages = all(Cli::with_variables()).unwrap();
    let text = |Page { file_name, roff }| (file_name, String::from_utf8(roff).unwrap());
    pages.into_iter().map(text).collect()
}

fn commands() -> Vec<Command> {
    fn add(command: &Command, commands: &mut Vec<Command>) {
        commands.push(command.clone());
        command.get_subcommands().for_each(|sub| add(sub, commands));
    }
    let mut root = Cli::with_variables().disable_help_subcommand(true);
    root.build();
    let mut commands = Vec::new();
    add(&root, &mut commands);
    commands
}

/// The lines below a heading, without roff's escapes of what examples hold.
fn section(page: &str, heading: &str) -> Option<Vec<String>> {
    let from = page.split_once(&format!("\n.SH {heading}\n"))?.1;
    let lines = from.lines().take_while(|line| !line.starts_with(".SH"));
    let plain = |line: &str| {
        line.replace("\\*(Aq", "'").replace("\\-", "-").replace("\\&", "").replace("\\\\", "\\")
    };
    Some(lines.map(plain).collect())
}

#[test]
fn each_command_has_a_page_with_all_sections() {
    let (pages, commands) = (pages(), commands());
    assert_eq!(pages.len(), commands.len());
    for ((file, page), command) in pages.iter().zip(&commands) {
        assert_eq!(*file, format!("{}.1", command.get_display_name().unwrap_or("hallpass")));
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "FILES", "ENVIRONMENT"] {
            assert!(section(page, heading).is_some(), "{file}: {heading}");
        }
        for (heading, entry) in [
            ("FILES", "\\fB/etc/hallpass/hallpass.toml\\fR"),
            ("\"EXIT STATUS\"", "\\fB1\\fR"),
            ("ENVIRONMENT", "\\fBHALLPASS_CONFIG\\fR"),
        ] {
            let lines = section(page, heading).unwrap();
            assert!(lines.iter().any(|line| line == entry), "{file}: {lines:?}");
        }
        assert!(!page.contains(".SH EXTRA"), "{file}");
        let title = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
        let end = format!("1 \"\" \"hallpass {}\" Hallpass", env!("CARGO_PKG_VERSION"));
        assert!(title.ends_with(&end), "{title}");
        let above = section(page, "\"SEE ALSO\"").unwrap().concat();
        assert!(above.contains("\\fBhallpass\\fR(1)") || file == "hallpass.1", "{file}: {above}");
    }
}

#[test]
fn examples_keep_their_lines_and_columns() {
    let mut seen = 0;
    for ((file, page), command) in pages().iter().zip(commands()) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = help.split("\n\n").find_map(|it| it.strip_prefix("Examples:\n"));
        let Some(examples) = examples else { continue };
        let lines = section(page, "EXAMPLES").unwrap();
        let (begin, end) = (".EX".to_owned(), ".EE".to_owned());
        assert_eq!((lines.first(), lines.last()), (Some(&begin), Some(&end)), "{file}");
        assert_eq!(lines[1..lines.len() - 1], examples.lines().collect::<Vec<_>>(), "{file}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn each_variable_of_a_command_is_in_its_page() {
    for ((file, page), command) in pages().iter().zip(commands()) {
        let told = section(page, "ENVIRONMENT").unwrap().join("\n");
        for arg in command.get_arguments() {
            let (Some(flag), Some(variable)) = (arg.get_long(), arg.get_env()) else { continue };
            let variable = variable.to_str().unwrap();
            let entry = format!("\\fB{variable}\\fR\nThe same as \\fB--{flag}\\fR.");
            assert!(told.contains(&entry), "{file}: {entry}: {told}");
        }
        let has_secret = command.get_arguments().any(|arg| arg.get_id() == "hs256_secret_file");
        assert_eq!(told.contains("\\fBHALLPASS_HS256_SECRET\\fR\n"), has_secret, "{file}");
    }
}
