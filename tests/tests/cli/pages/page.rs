//! A page as data: its fenced blocks, the commands of a block, and the commands that its sentences name.

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// First word of its info string: `sh`, `text`, ...
    pub language: String,
    /// The rest of the info string, which a reader of the rendered page does not see.
    pub info: String,
    /// Line of the page on which it begins, from 1.
    pub line: usize,
    /// What is in it.
    pub text: String,
}

/// The blocks of a page, in their order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (place, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let (language, info) = info.split_once(' ').unwrap_or((info, ""));
                let (language, info) = (language.trim().to_owned(), info.trim().to_owned());
                open = Some(Block { language, info, line: place + 1, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the page ends within a block: {open:?}");
    blocks
}

/// The commands of a block of shell: a line each, with the lines that continue it and the documents that it is given.
pub fn commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = block.lines();
    while let Some(first) = lines.next() {
        let mut command = first.to_owned();
        let mut last = first;
        while last.ends_with('\\') {
            last = lines.next().expect("a command ends in a backslash");
            command.push_str(&format!("\n{last}"));
        }
        if let Some((_, word)) = command.split_once("<<") {
            let end = word.split_whitespace().next().unwrap_or_default().trim_matches(['\'', '"']).to_owned();
            loop {
                let line = lines.next().unwrap_or_else(|| panic!("no {end} ends the document of {first}"));
                command.push_str(&format!("\n{line}"));
                if line == end {
                    break;
                }
            }
        }
        let words = command.trim();
        if !words.is_empty() && !words.starts_with('#') {
            commands.push(command);
        }
    }
    commands
}

/// The exit code a command announces in a comment at its end, `# exit code 4`; 0 otherwise.
pub fn exit_code(command: &str) -> i32 {
    let last = command.lines().next().unwrap_or_default();
    last.split("# exit code ").nth(1).map_or(0, |code| {
        let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("an exit code is a number")
    })
}

/// Code within the sentences of a page.
pub fn inline(page: &str) -> Vec<String> {
    let mut fenced = false;
    let prose = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    // A code span may be broken over two lines.
    let prose = prose.collect::<Vec<_>>().join("\n");
    prose.split("\n\n").flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2).map(one_line)).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the lines of `shown` stand in `printed`, in this order; `...` in a line stands for whatever is there, and a line of
/// it alone for any lines. Gives the first that does not.
pub fn first_missing<'s>(shown: &'s str, printed: &str) -> Option<&'s str> {
    let mut rest = printed.lines();
    shown
        .lines()
        .filter(|line| !line.trim().is_empty() && line.trim() != "...")
        .find(|line| !rest.any(|printed| fits(line, printed)))
}

fn fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.trim_end().split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.trim_end().strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((end, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(end)
}

#[test]
fn a_page_is_read_as_it_is_written() {
    let page = "# T\n\n```sh not run: no reader here\na\n```\n`gridcard x\ny` and `z`\n```text\nq\n```\n";
    let read = blocks(page);
    assert_eq!((read[0].language.as_str(), read[0].info.as_str()), ("sh", "not run: no reader here"));
    assert_eq!((read[0].line, read[0].text.as_str()), (3, "a\n"));
    assert_eq!((read[1].language.as_str(), read[1].text.as_str()), ("text", "q\n"));
    assert_eq!(inline(page), ["gridcard x y", "z"]);
    let block = "# words\na \\\n  b    # why\n\ncat >f <<'CSV'\n1,2\n# 3\nCSV\nc   # exit code 4\n";
    let read = commands(block);
    assert_eq!(read, ["a \\\n  b    # why", "cat >f <<'CSV'\n1,2\n# 3\nCSV", "c   # exit code 4"]);
    assert_eq!(read.iter().map(|command| exit_code(command)).collect::<Vec<_>>(), [0, 0, 4]);
    assert_eq!(first_missing("a ... c\n...\nz\n", "x\na b c\ny\nz\n"), None);
    assert_eq!(first_missing("z\na ... c\n", "a b c\nz\n"), Some("a ... c"));
    assert_eq!(first_missing("ab\n", "abc\n"), Some("ab"));
}
