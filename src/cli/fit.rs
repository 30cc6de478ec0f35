//! `heart-darts fit`

use std::path::{Path, PathBuf};

use heart_darts::cell::Genotype;
use heart_darts::evaluate::text;
use heart_darts::pipeline::fit::{Plan, Speed, Survey, survey};
use heart_darts::pipeline::{self, Records, Searched, TrainedModel, Work};
use heart_darts::support::{files, progress};
use miette::{IntoDiagnostic, Result};

use super::{Curves, Preparation, page, pictures, print_json};

/// From a folder of annotated records to a model, by one command: look and verify, plan, search, train, evaluate, draw.
///
/// The plan goes to OUT/plan.ron before anything long starts: how the records are read, how patients are divided, how long this
/// machine searches and trains. Change it and give the same command again; a stage whose result is there and still matches is
/// not done again, and one that was stopped goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts fit my-records --out runs/mine --plan-only          look first: what is there, how long it would take
  heart-darts fit my-records --out runs/mine                      about an hour
  heart-darts fit my-records --out runs/mine --minutes 600        over night
  heart-darts fit data/qtdb --out runs/qt --minutes 30

The test patients are looked at once, at the end. Ctrl-C stops with a checkpoint; the same command goes on.")]
pub struct Arguments {
    /// The folder of the records, with their annotations.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    preparation: Preparation,
    /// The folder of the plan, the search, the model and the pictures.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// About how long the search and the training may take together, when the plan is made.
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = minutes)]
    minutes: f64,
    /// Stop after the plan.
    #[arg(long)]
    plan_only: bool,
    /// Print the model's figures as JSON (with --plan-only the plan).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    curves: Curves,
}

fn minutes(text: &str) -> std::result::Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of minutes".to_owned())?;
    if (1.0..=100_000.0).contains(&number) { Ok(number) } else { Err("expected 1 to 100000 minutes".into()) }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { dir, out, .. } = arguments;
    let work = arguments.curves.of(arguments.preparation.work(false));
    let say = |line: String| {
        if !progress::is_silent() {
            eprintln!("{line}");
        }
    };
    let file = out.join("plan.ron");
    let plan = if file.exists() {
        say(format!("1/4  plan: {} as it is there; remove it to plan anew", file.display()));
        Plan::read(&file).into_diagnostic()?
    } else {
        say(format!("1/4  looking at {}, verifying every sample, measuring this machine", dir.display()));
        make(arguments, &work, &file)?
    };
    if arguments.plan_only {
        if arguments.json {
            print_json(&plan);
        } else {
            print!("{}", files::read_text(&file).into_diagnostic()?);
            println!("\nwritten to {}; change it there, then:\n  {}", file.display(), again(arguments));
        }
        return Ok(());
    }

    let database = plan.database.as_deref();
    let (search, model) = (out.join("search"), out.join("model"));
    let (genotype, mut drawn) = match found(&search, &plan)? {
        Some(genotype) => {
            say(format!("2/4  search: done before, {}", search.join("genotype.ron").display()));
            (genotype, Vec::new())
        }
        None => {
            say("2/4  search".into());
            let work = begun(&work, &search);
            let searched = pipeline::search(&plan.search, "fit", dir, database, &search, &work).into_diagnostic()?;
            let Searched::Finished { genotype, log, .. } = searched else { return stopped(arguments) };
            let drawn = pictures::search(&log, &genotype, &search, "svg")?;
            (genotype, drawn)
        }
    };
    say(match model.join("model.ron").exists() {
        true => format!("3/4  training: done before, {}", model.display()),
        false => "3/4  training of the derived network, evaluation on test beats".into(),
    });
    let work = begun(&work, &model.join("run"));
    let network = plan.training.derived(genotype);
    let trained = pipeline::train(&plan.training, &network, dir, database, &model, &work).into_diagnostic()?;
    let TrainedModel::Finished { evaluation, log, epoch } = trained else { return stopped(arguments) };
    say("4/4  pictures, and a page".into());
    drawn.extend(pictures::training(&log, epoch, &evaluation, &model, "svg")?);
    let report = out.join("report.html");
    let records = Records { dir, database, work: &work };
    page::write(&page::parts([(&search, "search"), (&model, "model")], Some(&records))?, &report)?;
    if arguments.json {
        print_json(&evaluation);
        return Ok(());
    }
    print!("{}", text::evaluation(&evaluation));
    println!("\nmodel: {}   what it is for and not for: {}", model.display(), model.join("CARD.md").display());
    println!("all of it on a page: {}", report.display());
    drawn.iter().for_each(|picture| println!("  {}", picture.display()));
    let (dir, model) = (dir.display(), model.display());
    println!("\nnext:");
    println!("  heart-darts predict {model} {dir}/RECORD --out predictions        classify the beats of a record");
    println!(
        "  heart-darts evaluate {model} --data OTHER-RECORDS                how it does on records from elsewhere"
    );
    println!("for a better model, more time, in another folder:");
    println!("  heart-darts fit {dir} --out {}-long --minutes {:.0}", out.display(), 10.0 * arguments.minutes);
    Ok(())
}

/// Looks, plans, writes the plan and says what there is to know.
fn make(arguments: &Arguments, work: &Work, file: &Path) -> Result<Plan> {
    let choice = arguments.preparation.database.as_deref();
    let survey: Survey = survey(&arguments.dir, choice, &arguments.out, work).into_diagnostic()?;
    let speed = Speed::measure(survey.beats.samples).into_diagnostic()?;
    let (plan, estimate) = Plan::new(&survey, &speed, arguments.minutes);
    let text = plan.text(&survey, &speed, &estimate, arguments.minutes);
    files::write_atomic(file, text.as_bytes()).into_diagnostic()?;
    if !progress::is_silent() {
        eprint!("{}", survey.inspection);
        if let Some(guess) = &survey.guessed {
            eprintln!(
                "\nThese records are not known here. How they are read was guessed from their headers: check {}",
                guess.display()
            );
        }
        // The comments of the plan are its summary.
        text.lines().map_while(|line| line.strip_prefix("//")).for_each(|line| eprintln!("    {line}"));
    }
    Ok(plan)
}

/// The genotype of a search that is done, when its configuration is the plan's. (The training looks at the data.)
fn found(search: &Path, plan: &Plan) -> Result<Option<Genotype>> {
    let (genotype, config) = (search.join("genotype.ron"), search.join("config.ron"));
    let same = config.exists() && files::read_text(&config).into_diagnostic()? == files::to_ron(&plan.search);
    if same && genotype.exists() { Genotype::read(&genotype).into_diagnostic().map(Some) } else { Ok(None) }
}

fn begun(work: &Work, run: &Path) -> Work {
    Work { resume: run.join("config.ron").exists(), ..work.clone() }
}

fn stopped(arguments: &Arguments) -> Result<()> {
    eprintln!("stopped with a checkpoint; the same command goes on:\n  {}", again(arguments));
    Ok(())
}

fn again(arguments: &Arguments) -> String {
    let database =
        arguments.preparation.database.as_ref().map(|name| format!(" --database {name}")).unwrap_or_default();
    format!("heart-darts fit {} --out {}{database}", arguments.dir.display(), arguments.out.display())
}
