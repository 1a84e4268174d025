//! Pieces of work with a thread each.

use std::panic::resume_unwind;

/// Does the same with every piece at once, a thread each; what comes of it is in the order of the pieces.
pub(crate) fn each<T: Send, R: Send>(
    pieces: impl Iterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    std::thread::scope(|scope| {
        let work = &work;
        let begun: Vec<_> = pieces.map(|piece| scope.spawn(move || work(piece))).collect();
        begun.into_iter().map(|piece| piece.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
