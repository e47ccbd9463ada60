//! Mistakes in files of known failures: each is told with the file and the remedy.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

use lnprototest_harness::expectations::Expectations;

fn mistake(yaml: &str) -> String {
    Expectations::parse("ldk.yaml", yaml).unwrap_err().to_string()
}

#[test]
fn a_code_that_is_none_is_told_with_the_nearest() {
    let mistake = mistake("[{ spec: a/b, step: init, code: wrong-feild/x, because: y }]");
    assert_eq!(mistake, "ldk.yaml: a/b: 'wrong-feild/x' is no failure code; the nearest is 'wrong-field'");
}

#[test]
fn a_version_range_that_is_none() {
    let mistake = mistake("[{ spec: a/b, step: init, code: quiet, versions: '24.11', because: y }]");
    assert_eq!(mistake, "ldk.yaml: a/b: '24.11' is no version bound: write one such as '>=24.11, <26.09'");
}

#[test]
fn a_missing_or_unknown_key_is_told_with_its_place() {
    for yaml in [
        "- spec: a/b\n  code: quiet\n  because: y\n",
        "- { spec: a, step: b, code: quiet, because: y, wy: z }",
    ] {
        let mistake = mistake(yaml);
        assert!(mistake.starts_with("ldk.yaml: ") && mistake.contains(" line "), "{mistake}");
    }
}

#[test]
fn a_spec_that_is_not_there_is_told_with_the_nearest() {
    let parsed =
        Expectations::parse("ldk.yaml", "[{ spec: bolt01/ehco, step: init, code: quiet, because: y }]");
    let names = ["bolt01/echo", "bolt02/open_channel"].into_iter();
    let mistake = parsed.unwrap().check_names("ldk.yaml", names).unwrap_err().to_string();
    assert_eq!(mistake, "ldk.yaml: there is no spec 'bolt01/ehco'; the nearest is 'bolt01/echo'");
}

#[test]
fn a_file_is_written_as_it_is_read() {
    let yaml = "- { spec: a, path: '*', step: b, code: quiet, versions: '>=1.2', because: 'x: y', link: z }";
    let once = Expectations::parse("a.yaml", yaml).unwrap().to_string();
    assert_eq!(Expectations::parse("b.yaml", &once).unwrap().to_string(), once);
    assert!(Expectations::parse("c.yaml", "").unwrap().iter().next().is_none());
}
