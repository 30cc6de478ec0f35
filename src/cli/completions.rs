//! `heart-darts completions`

use clap::CommandFactory;
use clap_complete::Shell;
use miette::Result;

/// Print what makes a shell complete these commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts completions bash > ~/.local/share/bash-completion/completions/heart-darts
  heart-darts completions zsh > ~/.zfunc/_heart-darts
  heart-darts completions fish > ~/.config/fish/completions/heart-darts.fish")]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    clap_complete::generate(
        arguments.shell,
        &mut super::Arguments::command(),
        "heart-darts",
        &mut std::io::stdout().lock(),
    );
    Ok(())
}
