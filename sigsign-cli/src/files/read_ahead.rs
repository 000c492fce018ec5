use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes in each of the two buffers.
const BUFFER_BYTES: usize = 1 << 20;

/// Reads in the background: while one buffer is hashed, the other is filled.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    filled: Receiver<io::Result<Vec<u8>>>,
    /// Back to the reading thread, to be filled again.
    empty: SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl ReadAhead {
    /// Starts to read. The thread ends with the source, or soon after `self` is dropped.
    pub(crate) fn new(source: impl Read + Send + 'static) -> Self {
        let (to_hash, filled) = sync_channel(2);
        let (empty, to_fill) = sync_channel(2);
        for _ in 0..2 {
            // There is room for two.
            let _ = empty.try_send(Vec::new());
        }
        thread::spawn(move || fill(source, &to_fill, &to_hash));
        Self {
            filled,
            empty,
            buffer: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    /// Exchanges the used buffer for a filled one.
    fn refill(&mut self) -> io::Result<()> {
        let used = std::mem::take(&mut self.buffer);
        self.at = 0;
        if used.capacity() > 0 {
            // The thread may have come to the end.
            let _ = self.empty.try_send(used);
        }
        match self.filled.recv() {
            Ok(buffer) => self.buffer = buffer?,
            Err(_) => {
                let lost = "the thread that reads it is gone";
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, lost));
            }
        }
        self.ended = self.buffer.is_empty();
        Ok(())
    }
}

impl Read for ReadAhead {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.buffer.len() && !self.ended {
            self.refill()?;
        }
        let mut rest = self.buffer.get(self.at..).unwrap_or_default();
        let read = rest.read(to)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}

/// Fills buffers until the source ends, which an empty one says, or fails.
fn fill(
    mut source: impl Read,
    to_fill: &Receiver<Vec<u8>>,
    to_hash: &SyncSender<io::Result<Vec<u8>>>,
) {
    while let Ok(mut buffer) = to_fill.recv() {
        buffer.clear();
        buffer.reserve_exact(BUFFER_BYTES);
        let room = u64::try_from(BUFFER_BYTES).unwrap_or(u64::MAX);
        let result = (&mut source)
            .take(room)
            .read_to_end(&mut buffer)
            .map(|_| buffer);
        let is_last = result.as_ref().map_or(true, Vec::is_empty);
        if to_hash.send(result).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails;

    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk"))
        }
    }

    #[test]
    fn yields_all_bytes_in_order() {
        for length in [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, 5 * BUFFER_BYTES + 7] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let mut read = Vec::new();

            ReadAhead::new(io::Cursor::new(bytes.clone()))
                .read_to_end(&mut read)
                .unwrap();

            assert!(bytes == read, "{length}");
        }
    }

    #[test]
    fn reports_what_the_source_reports() {
        let mut reader = ReadAhead::new(io::Cursor::new(vec![1; 10]).chain(Fails));
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();

        assert_eq!("disk", error.to_string());
    }

    #[test]
    fn can_be_dropped_at_any_time() {
        let mut reader = ReadAhead::new(io::repeat(7));

        assert_eq!(3, reader.read(&mut [0; 3]).unwrap());
    }
}
