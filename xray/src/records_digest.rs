//! Digest of the records of a file, by which a file is recognised when a transport changed its line
//! ends.

use noemie_parsers::physical::enregistrements::{MARQUE_OCTETS, est_bourrage};
use std::io::{self, Read};

/// Reads a source and digests (BLAKE3) its bytes without line ends, without the byte order mark
/// before them and without the padding after them. A B2 file in blocks has the digest of the same
/// records in lines; a NOEMIE file in blocks has another digest than in lines, because its records
/// differ.
pub(crate) struct RecordsDigest<R> {
    source: R,
    hasher: blake3::Hasher,
    /// State of the hasher before the padding read last.
    before_padding: Option<blake3::Hasher>,
    /// First bytes of the source, while they may be a byte order mark.
    start: Option<Vec<u8>>,
    /// Bytes of one reading without line ends.
    kept: Vec<u8>,
}

impl<R: Read> RecordsDigest<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            hasher: blake3::Hasher::new(),
            before_padding: None,
            start: Some(Vec::new()),
            kept: Vec::new(),
        }
    }

    /// Returns the digest of what was read, hex.
    pub(crate) fn finish(mut self) -> String {
        if let Some(start) = self.start.take() {
            self.add(&start);
        }
        self.before_padding.unwrap_or(self.hasher).finalize().to_hex().to_string()
    }

    fn see(&mut self, bytes: &[u8]) {
        let Some(mut start) = self.start.take() else { return self.add(bytes) };
        start.extend_from_slice(bytes);
        if start.len() < MARQUE_OCTETS.len() {
            self.start = Some(start);
        } else {
            self.add(start.strip_prefix(MARQUE_OCTETS).unwrap_or(&start));
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.kept.clear();
        for part in bytes.split(|b| matches!(b, b'\r' | b'\n')) {
            self.kept.extend_from_slice(part);
        }
        let padding = self.kept.iter().rev().take_while(|b| est_bourrage(&[**b])).count();
        let (content, padding) = self.kept.split_at(self.kept.len() - padding);
        if !content.is_empty() {
            self.before_padding = None;
            self.hasher.update(content);
        }
        if !padding.is_empty() {
            self.before_padding.get_or_insert_with(|| self.hasher.clone());
            self.hasher.update(padding);
        }
    }
}

impl<R: Read> Read for RecordsDigest<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.see(&into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digest of bytes that come in pieces of this length.
    fn digest(bytes: &[u8], piece: usize) -> String {
        let mut source = RecordsDigest::new(bytes);
        let mut buffer = vec![0; piece];
        while source.read(&mut buffer).expect("memory does not fail") > 0 {}
        source.finish()
    }

    #[test]
    fn line_ends_mark_and_padding_do_not_count() {
        let expected = digest(b"000 A  1 BC999", 64);
        for same in [
            &b"000 A  \n1 BC\n999\n"[..],
            b"000 A  \r\n1 BC\r\n999   \r\n",
            b"\xef\xbb\xbf000 A  \r\n1 BC\r\n999\r\n\x1a",
            b"000 A  1 BC999\0\0\0\0   \r\n \x1a",
        ] {
            for piece in [1, 2, 3, 5, 64] {
                assert_eq!(digest(same, piece), expected, "{}", String::from_utf8_lossy(same));
            }
        }
    }

    #[test]
    fn everything_else_counts() {
        let expected = digest(b"000 A  1 BC999", 64);
        for other in [
            &b"000 A 1 BC999"[..],
            b"000 A  1 BD999",
            b" 000 A  1 BC999",
            b"000 A  1 BC999X",
            b"000 A  1 BC\xef\xbb\xbf999",
            b"\xef\xbb000 A  1 BC999",
        ] {
            for piece in [1, 64] {
                assert_ne!(digest(other, piece), expected, "{}", String::from_utf8_lossy(other));
            }
        }
    }
}
