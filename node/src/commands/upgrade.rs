//! `upgrade check`: whether this node, and who else, can go on when the scheduled rules come.

use crate::operator::client;
use crate::operator::rules::{RulesStatus, Runs, Scheduled};
use crate::setup::exit;

use super::{Failure, Output};
use crate::cli::UpgradeCommand;

pub fn run(command: &UpgradeCommand, output: Output) -> Result<u8, Failure> {
    let UpgradeCommand::Check(args) = command;
    let report = client::status(args.load()?.config.operator.listen)?;
    let object = serde_json::to_value(&report.rules).map_err(Failure::internal)?;
    output.answer(&text(&report.rules, report.height), object);
    Ok(if report.rules.is_ready() { 0 } else { exit::UPGRADE })
}

fn text(rules: &RulesStatus, height: u64) -> String {
    let RulesStatus { version, newest, .. } = rules;
    let mut text = format!("in force   version {version}, at height {height}\n");
    let code = rules.scheduled.as_ref().map(|scheduled| scheduled.code.as_str());
    text.push_str(&match &rules.scheduled {
        Some(Scheduled { version, height: from, code }) => {
            let left = from.saturating_sub(height);
            format!("scheduled  version {version} from height {from}, {left} from here\nrelease    {code}\n")
        }
        None => "scheduled  nothing\n".to_owned(),
    });
    let verdict = if rules.is_ready() { "ready" } else { "NOT READY" };
    let release = compared(rules.release.as_deref(), code);
    text.push_str(&format!("this node  {verdict}: it has versions up to {newest}, {release}\n"));
    text.push_str(&format!("ready      {} of {}\n", rules.ready(), rules.validators.len()));
    for Runs { name, version, release } in &rules.validators {
        let runs = match version {
            Some(version) => {
                format!("versions up to {version}, {}", compared(release.as_deref(), code))
            }
            None => "not heard of".to_owned(),
        };
        text.push_str(&format!("  {name}  {runs}\n"));
    }
    text
}

/// What a node runs beside what the council named.
fn compared(release: Option<&str>, code: Option<&str>) -> String {
    match (release, code) {
        (None, _) => "release not known".to_owned(),
        (Some(release), None) => format!("release {release}"),
        (Some(release), Some(code)) if release == code => "the scheduled release".to_owned(),
        (Some(release), Some(_)) => format!("another release, {release}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_who_is_ready_and_who_runs_what() {
        let runs = |name: &str, version, release: Option<&str>| Runs {
            name: name.to_owned(),
            version,
            release: release.map(str::to_owned),
        };
        let scheduled = Scheduled { version: 2, height: 120, code: "aa".to_owned() };
        let rules = RulesStatus {
            version: 1,
            newest: 1,
            release: Some("bb".to_owned()),
            scheduled: Some(scheduled),
            outdated: false,
            validators: vec![
                runs("a", Some(2), Some("aa")),
                runs("b", Some(1), Some("bb")),
                runs("c", None, None),
                runs("d", Some(3), None),
            ],
        };
        let expected = "\
in force   version 1, at height 100
scheduled  version 2 from height 120, 20 from here
release    aa
this node  NOT READY: it has versions up to 1, another release, bb
ready      2 of 4
  a  versions up to 2, the scheduled release
  b  versions up to 1, another release, bb
  c  not heard of
  d  versions up to 3, release not known
";
        assert_eq!(text(&rules, 100), expected);
        let none = RulesStatus { scheduled: None, newest: 2, ..rules };
        assert!(none.is_ready() && text(&none, 7).contains("scheduled  nothing"));
    }
}
