//! What `docs/security.md` claims: each claim of `docs/claims.csv` names a test that is there, and stands on the page.

use crate::tree;
use std::collections::BTreeSet;

const TABLE: &str = "docs/claims.csv";
const PAGE: &str = "docs/security.md";

#[test]
fn every_claim_has_its_test() {
    let files = tree::files();
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let table = text(TABLE).expect("docs/claims.csv is there");
    let page = text(PAGE).expect("docs/security.md is there");
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("claim,against,test"));
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let [claim, _, test] = fields[..] else {
            wrong.push(format!("{line}: not three fields"));
            continue;
        };
        let is_there = test.split_once("::").is_some_and(|(path, name)| {
            text(path).is_some_and(|file| file.contains(&format!("#[test]\nfn {name}()")))
        });
        if !is_there {
            wrong.push(format!("{claim}: there is no test {test}"));
        }
        if !page.contains(claim) {
            wrong.push(format!("{claim}: is not on {PAGE}"));
        }
        seen.insert(claim);
    }
    assert!(seen.len() > 20, "{} claims", seen.len());
    tree::none(&wrong);
}
