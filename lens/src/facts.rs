//! Names and values under each other.

/// Aligned `name  value` lines. Further lines of a value stand under its first, where none is taken for a name.
pub fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = facts
        .iter()
        .map(|(name, value)| {
            let value = value.replace('\n', &format!("\n{:width$}  ", ""));
            format!("{name:width$}  {value}")
        })
        .collect();
    lines.join("\n")
}
