//! Futures that are polled a limited number of times and then dropped, as a kill does.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Polls the future once. Returns `None` while it is pending.
pub async fn step<F: Future + ?Sized>(work: &mut Pin<Box<F>>) -> Option<F::Output> {
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Polls the future so many times, and drops it if it is still pending. The number of polls cuts
/// the work at the same step on a fast machine and on a slow one.
pub async fn cut_after<F: Future>(polls: u32, work: F) -> Option<F::Output> {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
