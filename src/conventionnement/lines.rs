//! Reads a CSV file line by line: bounded memory, the digest of every byte, UTF-8 with a fall-back
//! to Windows-1252.
//!
//! A line is always a row: neither file has line ends inside quotes, and so a quote that is never
//! closed costs its own line and not the rest of the file. General CSV readers allow line ends
//! inside quotes and do not give the bytes of each line; the splitter is therefore written here.

use encoding_rs::WINDOWS_1252;
use std::io::{self, BufRead, BufReader, Read};

/// Longest line accepted. The longest real row of the register has about 500 bytes.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024;

/// Encodings found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Encoding {
    /// UTF-8 (or plain ASCII) throughout.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// At least one line is not UTF-8 and none is beyond ASCII in UTF-8: Windows-1252.
    #[serde(rename = "Windows-1252")]
    Windows1252,
    /// Lines of both encodings; each line is decoded by its own.
    #[serde(rename = "UTF-8 + Windows-1252")]
    Mixed,
}

impl Encoding {
    /// Returns the name of the encoding.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
            Self::Mixed => "UTF-8 + Windows-1252",
        }
    }
}

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Decoded text.
    Text(String),
    /// Longer than [`MAX_LINE_BYTES`]; skipped.
    TooLong,
}

/// Reader of lines that also computes the digest of all bytes.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    hasher: blake3::Hasher,
    number: u64,
    utf8_seen: bool,
    windows_seen: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(256 * 1024, reader),
            hasher: blake3::Hasher::new(),
            number: 0,
            utf8_seen: false,
            windows_seen: false,
        }
    }

    /// Returns the number of the last line read, 1-based.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the BLAKE3 of the bytes read so far, hex.
    pub(super) fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// Returns the encoding of the lines read so far.
    pub(super) const fn encoding(&self) -> Encoding {
        match (self.utf8_seen, self.windows_seen) {
            (_, false) => Encoding::Utf8,
            (false, true) => Encoding::Windows1252,
            (true, true) => Encoding::Mixed,
        }
    }

    /// Returns the next line, `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let Some((mut bytes, too_long)) = self.next_bytes()? else { return Ok(None) };
        self.number += 1;
        if too_long {
            return Ok(Some(Line::TooLong));
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.number == 1 && bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        Ok(Some(Line::Text(self.decode(bytes))))
    }

    fn next_bytes(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let (mut line, mut too_long, mut anything) = (Vec::new(), false, false);
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.is_empty() {
                return Ok(anything.then_some((line, too_long)));
            }
            anything = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let content = &buffer[..end.unwrap_or(buffer.len())];
            let used = content.len() + usize::from(end.is_some());
            too_long |= line.len() + content.len() > MAX_LINE_BYTES;
            if !too_long {
                line.extend_from_slice(content);
            }
            self.hasher.update(&buffer[..used]);
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some((line, too_long)));
            }
        }
    }

    fn decode(&mut self, bytes: Vec<u8>) -> String {
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.utf8_seen |= !text.is_ascii();
                text
            }
            Err(error) => {
                self.windows_seen = true;
                WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
            }
        }
    }
}

/// Why a line cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitError {
    /// A quote is opened and not closed.
    UnclosedQuote,
    /// Text stands between a closing quote and the separator.
    TextAfterQuote,
    /// A control character; PostgreSQL stores no NUL.
    ControlCharacter,
}

impl SplitError {
    /// Returns the stable code and the sentence in French.
    pub(super) const fn code_and_message(self) -> (&'static str, &'static str) {
        match self {
            Self::UnclosedQuote => {
                ("GUILLEMET_NON_FERME", "Un guillemet ouvert n'est pas refermé sur cette ligne.")
            }
            Self::TextAfterQuote => {
                ("TEXTE_APRES_GUILLEMET", "Du texte suit un guillemet fermant sans séparateur.")
            }
            Self::ControlCharacter => {
                ("CARACTERE_INTERDIT", "La ligne contient un caractère de contrôle.")
            }
        }
    }
}

/// Returns the trimmed fields of a line, or the error and its column, 1-based. A field that starts
/// with `"` ends at the next single `"`; `""` stands for one quote. A quote inside an unquoted
/// field is text.
pub(super) fn split(line: &str, separator: char) -> Result<Vec<String>, (SplitError, u32)> {
    let mut fields: Vec<String> = Vec::with_capacity(32);
    let mut rest = line;
    loop {
        let column = u32::try_from(fields.len() + 1).unwrap_or(u32::MAX);
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted, separator).map_err(|error| (error, column))?,
            None => match rest.split_once(separator) {
                Some((field, after)) => (field.to_owned(), Some(after)),
                None => (rest.to_owned(), None),
            },
        };
        if field.chars().any(|c| c.is_control() && c != '\t') {
            return Err((SplitError::ControlCharacter, column));
        }
        fields.push(field.trim().to_owned());
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// A field and what follows its separator, when there is one.
type FieldAndRest<'a> = (String, Option<&'a str>);

fn split_quoted(mut rest: &str, separator: char) -> Result<FieldAndRest<'_>, SplitError> {
    let mut field = String::new();
    loop {
        let (before, after) = rest.split_once('"').ok_or(SplitError::UnclosedQuote)?;
        field.push_str(before);
        if let Some(doubled) = after.strip_prefix('"') {
            field.push('"');
            rest = doubled;
        } else if after.is_empty() {
            return Ok((field, None));
        } else {
            return after
                .strip_prefix(separator)
                .map(|after| (field, Some(after)))
                .ok_or(SplitError::TextAfterQuote);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Vec<String> {
        split(line, ';').expect("splits")
    }

    #[test]
    fn quotes_follow_the_usual_rule() {
        assert_eq!(fields(r#"a;"b ""c"" d";;e"#), ["a", r#"b "c" d"#, "", "e"]);
        assert_eq!(fields(r#""a;b";c"#), ["a;b", "c"]);
        assert_eq!(fields(r#"LE "BON" SOIN; x "#), [r#"LE "BON" SOIN"#, "x"]);
        assert_eq!(fields("a;"), ["a", ""]);
        assert_eq!(fields(r#"a;"""#), ["a", ""]);
        assert_eq!(split(r#"a;"b;c"#, ';'), Err((SplitError::UnclosedQuote, 2)));
        assert_eq!(split(r#""a"b;c"#, ';'), Err((SplitError::TextAfterQuote, 1)));
        assert_eq!(split("a;b\0c", ';'), Err((SplitError::ControlCharacter, 2)));
    }

    #[test]
    fn lines_are_decoded_one_by_one_and_digested_whole() {
        let bytes = b"\xEF\xBB\xBFun\r\n\xC9TE\n\ntrois";
        let mut lines = Lines::new(&bytes[..]);
        let mut read = Vec::new();
        while let Some(line) = lines.next_line().expect("reads") {
            read.push(line);
        }
        assert_eq!(read, ["un", "ÉTE", "", "trois"].map(|text| Line::Text(text.to_owned())));
        assert_eq!((lines.number(), lines.encoding()), (4, Encoding::Windows1252));
        assert_eq!(lines.digest(), blake3::hash(bytes).to_hex().to_string());
    }

    #[test]
    fn utf8_stays_utf8_and_a_mixed_file_is_named() {
        let mut lines = Lines::new("été\nnoël".as_bytes());
        while lines.next_line().expect("reads").is_some() {}
        assert_eq!(lines.encoding(), Encoding::Utf8);
        let mut lines = Lines::new(&b"\xC3\xA9t\xC3\xA9\n\xE9t\xE9"[..]);
        while lines.next_line().expect("reads").is_some() {}
        assert_eq!(lines.encoding(), Encoding::Mixed);
    }

    #[test]
    fn an_endless_line_is_skipped_without_being_held() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE_BYTES];
        bytes.extend_from_slice(b"\nsuite\n");
        let mut lines = Lines::new(&bytes[..]);
        assert_eq!(lines.next_line().expect("reads"), Some(Line::TooLong));
        assert_eq!(lines.next_line().expect("reads"), Some(Line::Text("suite".to_owned())));
        assert_eq!(lines.next_line().expect("reads"), None);
    }
}
