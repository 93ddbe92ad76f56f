use super::*;
use crate::config::OF_ONE_RUN;

fn parse(args: &[&str]) -> Result<Command, String> {
    let cli = Cli::try_parse_from([&["hallpass"], args].concat());
    cli.map(Cli::into_command).map_err(|error| error.to_string())
}

#[test]
fn plain_hallpass_is_hallpass_serve() {
    let plain = parse(&["--listen", "127.0.0.1:0"]).unwrap();
    let serve = parse(&["serve", "--listen", "127.0.0.1:0"]).unwrap();
    assert!(matches!(plain, Command::Serve(_)));
    assert_eq!(format!("{plain:?}"), format!("{serve:?}"));
}

#[test]
fn every_flag_has_its_environment_variable_and_every_command_an_explanation() {
    fn look(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for arg in command.get_arguments() {
            assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            let is_given = |flag: &&str| arg.get_env().is_none() && !OF_ONE_RUN.contains(flag);
            assert_eq!(arg.get_long().filter(is_given), None, "{}", command.get_name());
        }
        command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(look);
    }
    Cli::with_variables().debug_assert();
    look(&Cli::with_variables());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for args in [
        &["user"][..],
        &["user", "add"],
        &["user", "roles", "ada", "editor", "--add", "user"],
        &["user", "import"],
        &["user", "import", "users", "--format", "xml"],
        &["user", "list", "--listen", "127.0.0.1:0"],
        &["keys"],
        &["token"],
        &["fly"],
    ] {
        assert!(parse(args).is_err(), "{args:?}");
    }
}
