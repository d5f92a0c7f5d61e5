//! Work that is cut between two of its steps, as a kill does.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// One step of the work: to its next wait. `None` while it is not over.
pub async fn step<F: Future + ?Sized>(work: &mut Pin<Box<F>>) -> Option<F::Output> {
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Drops the work after so many looks at it: the cut falls at the same steps on a fast machine and
/// on a slow one.
pub async fn cut_after<F: Future>(looks: u32, work: F) -> Option<F::Output> {
    let (mut work, mut left) = (pin!(work), looks);
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
