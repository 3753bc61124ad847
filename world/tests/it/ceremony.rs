//! A ceremony held by its people without a command: what is shown to one custodian is wiped before the next one comes.

use crate::world;
use gridcard_world::Suite;
use kdc::ceremony::script::From;
use keys::Zeroizing;
use parties::province::ceremony::{self, CeremonyRequest};
use parties::{Deed, Result, Secrets};
use scheme::Kind;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// People before a screen of their own: what they saw, in order; an empty line where it was wiped.
#[derive(Default)]
struct People {
    screen: Mutex<Vec<String>>,
    /// Whether there is a screen.
    alone: bool,
}

impl People {
    /// The paper of share `n`, as it was copied from the screen.
    fn paper(&self, n: usize) -> String {
        let screen = self.screen.lock().unwrap();
        let shown: Vec<&String> = screen.iter().filter(|line| !line.is_empty()).collect();
        shown[n - 1].lines().next().unwrap().to_owned()
    }
}

impl Secrets for People {
    fn ask(&self, prompt: &str) -> Result<Zeroizing<String>> {
        let n = prompt.strip_prefix("share ").and_then(|rest| rest.split(' ').next()).unwrap();
        Ok(Zeroizing::new(self.paper(n.parse().unwrap())))
    }

    fn ask_openly(&self, _: &str) -> Result<String> {
        Ok(String::new())
    }

    fn is_person(&self) -> bool {
        false
    }

    fn can_show(&self) -> bool {
        self.alone
    }

    fn show(&self, secret: &str) -> Result<()> {
        self.screen.lock().unwrap().push(secret.to_owned());
        Ok(())
    }

    fn wipe(&self) -> Result<()> {
        self.screen.lock().unwrap().push(String::new());
        Ok(())
    }
}

/// A rehearsal with three shares, two of which restore, shown to their custodians.
fn request() -> CeremonyRequest {
    CeremonyRequest {
        from: From::Entropy,
        rehearsal: true,
        suite: Suite::Sm4,
        transport_components: None,
        transport_file: None,
        shares: Some((2, 3)),
        share_dir: None,
        custodians: None,
        pin: "135790".into(),
        second_pin: "246801".into(),
        number: "000000000010".parse().unwrap(),
        formal_on_virtual: false,
        card: None,
    }
}

#[test]
fn every_share_is_shown_to_its_custodian_and_wiped() {
    let home = TempDir::new().unwrap();
    let world = world(&home);
    let people = Arc::new(People { alone: true, ..People::default() });
    let report = world
        .act(Deed::One("kdc init"), |session| {
            let session = parties::Session { secrets: people.clone(), ..session.clone() };
            ceremony::hold(&session, &request(), false)
        })
        .unwrap();
    let (set, needed, made) = report.backup.unwrap();
    assert_eq!((needed, made, report.rehearsal, report.suite), (2, 3, true, "sm4"));
    let screen = people.screen.lock().unwrap();
    assert_eq!(screen.len(), 6, "{} lines on the screen", screen.len());
    for (n, pair) in screen.chunks(2).enumerate() {
        let words = pair[0].lines().nth(1).unwrap();
        assert!(words.starts_with(&format!("share {} of 3, 2 needed, set {set}", n + 1)), "{words}");
        assert_eq!(pair[1], "", "share {} stands on the screen still", n + 1);
    }
}

#[test]
fn shares_without_a_screen_and_without_a_folder_begin_nothing() {
    let home = TempDir::new().unwrap();
    let world = world(&home);
    let people = Arc::new(People::default());
    let refused = world
        .act(Deed::One("kdc init"), |session| {
            let session = parties::Session { secrets: people.clone(), ..session.clone() };
            ceremony::hold(&session, &request(), false)
        })
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.to_string().as_str()),
        (Kind::Usage, "shares are shown at a terminal only")
    );
    assert!(people.screen.lock().unwrap().is_empty());
    assert!(!world.home().join("province").exists());
}
