//! Readers that are cut, resume by their last token, and record what they get.

use super::history::{End, Filter, Kind, Life, Message, Reader, Shown, Stream};
use super::writer::{Dice, Stage};
use crate::grpc_support::reason;
use crate::support::wait::PATIENCE;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::{
    SubscribeClaimEventsRequest, SubscribeClaimEventsResponse, WatchDreRequest, WatchDreResponse,
};
use std::sync::atomic::Ordering;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::timeout;
use tonic::Status;
use tonic::transport::Channel;

/// Kind of stream, filter and cuts of a reader.
pub struct Plan {
    pub kind: Kind,
    pub filter: Filter,
    /// Start of a stream without token; `oldest` or `snapshot`.
    pub start: &'static str,
    /// Most messages before a cut.
    pub most: u64,
    /// A reader that waits for this after its first stream.
    pub pause: Option<std::sync::Arc<Notify>>,
}

/// A message with its resume token.
type Tokened = (String, Message);

/// Reads until the last event is read, by a stream of each channel in turn.
pub async fn read(channels: Vec<Channel>, plan: Plan, stage: &Stage, mut dice: Dice) -> Reader {
    let mut lives: Vec<Life> = vec![Vec::new()];
    let mut token = String::new();
    for connection in 0.. {
        let channel = channels[connection % channels.len()].clone();
        let life = lives.last_mut().expect("a life");
        let after = position(&token);
        let mut stream = Stream {
            after: (!token.is_empty()).then_some(after),
            purged_before: stage.purged.load(Ordering::SeqCst),
            purged_by_start: 0,
            purged_by_end: 0,
            messages: Vec::new(),
            stalled_after: None,
            end: End::Cut,
        };
        let opened = open(channel, &plan, &token).await;
        stream.purged_by_start = stage.purging.load(Ordering::SeqCst);
        match opened {
            Ok(messages) => {
                take(messages, &mut stream, &mut token, stage, dice.roll(plan.most)).await
            }
            Err(status) => stream.end = End::Failed { reason: reason(&status) },
        }
        stream.purged_by_end = stage.purging.load(Ordering::SeqCst);
        let is_failed = matches!(stream.end, End::Failed { .. });
        // A snapshot that was cut starts again.
        let starts_again = is_failed || token.is_empty();
        life.push(stream);
        if is_done(&token, stage) {
            break;
        }
        if connection == 0
            && let Some(pause) = &plan.pause
        {
            pause.notified().await;
        }
        if starts_again {
            token.clear();
            lives.push(Vec::new());
        }
    }
    Reader { kind: plan.kind, filter: plan.filter, lives }
}

fn is_done(token: &str, stage: &Stage) -> bool {
    let end = stage.end.load(Ordering::SeqCst);
    end > 0 && position(token) == end
}

/// Takes messages until one more than `most`, the end of the stream, or the last event.
async fn take(
    mut messages: BoxStream<'static, Result<Tokened, Status>>,
    stream: &mut Stream,
    token: &mut String,
    stage: &Stage,
    most: u64,
) {
    for _ in 0..most {
        match timeout(PATIENCE, messages.next()).await.expect("a message or a heartbeat") {
            Some(Ok((given, message))) => {
                *token = given;
                stream.messages.push(message);
            }
            Some(Err(status)) => {
                stream.end = End::Failed { reason: reason(&status) };
                return;
            }
            None => {
                stream.end = End::Closed;
                return;
            }
        }
        if is_done(token, stage) {
            return;
        }
    }
}

/// Returns the position in a resume token; 0 without one.
pub fn position(token: &str) -> i64 {
    token.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Opens a stream.
pub async fn open(
    channel: Channel,
    plan: &Plan,
    token: &str,
) -> Result<BoxStream<'static, Result<Tokened, Status>>, Status> {
    let start = if token.is_empty() { plan.start } else { "" };
    match plan.kind {
        Kind::Events => {
            let (amc, facts) = match &plan.filter {
                Filter::Some(amc) => (amc.clone(), vec![]),
                Filter::Nothing => (String::new(), vec!["paid".to_owned()]),
                _ => (String::new(), vec![]),
            };
            let asked = SubscribeClaimEventsRequest {
                resume_token: token.into(),
                start: start.into(),
                amc_number: amc,
                facts,
                ..Default::default()
            };
            let answer = ClaimWorkServiceClient::new(channel).subscribe_claim_events(asked).await?;
            Ok(answer.into_inner().map_ok(event).boxed())
        }
        Kind::Statuses => {
            let mut asked = WatchDreRequest {
                resume_token: token.into(),
                start: start.into(),
                ..Default::default()
            };
            match &plan.filter {
                Filter::Some(ps) => asked.ps.clone_from(ps),
                Filter::Claims(claims) => asked.claim_ids = claims.iter().cloned().collect(),
                Filter::Nothing => asked.ps = "999999999".into(),
                Filter::Everything => {}
            }
            let answer = DreStatusServiceClient::new(channel).watch_dre(asked).await?;
            Ok(answer.into_inner().map_ok(status).boxed())
        }
    }
}

fn event(message: SubscribeClaimEventsResponse) -> Tokened {
    let shown = match message.event {
        Some(event) => Shown::Event {
            event_id: event.event_id,
            claim: event.claim_id,
            sequence: version(event.sequence),
        },
        None => heartbeat(message.complete_up_to),
    };
    let token = position(&message.resume_token);
    (message.resume_token, Message { token, shown })
}

fn status(message: WatchDreResponse) -> Tokened {
    let token = position(&message.resume_token);
    let shown = match message.dre {
        Some(dre) if message.resume_token.is_empty() => {
            Shown::OfSnapshot { claim: dre.claim_id, version: version(dre.version) }
        }
        Some(dre) => Shown::Status { claim: dre.claim_id, version: version(dre.version) },
        None if message.snapshot_complete => Shown::SnapshotComplete,
        None => heartbeat(message.complete_up_to),
    };
    (message.resume_token, Message { token, shown })
}

fn version(version: impl TryInto<u64>) -> u64 {
    version.try_into().ok().expect("a version")
}

fn heartbeat(at: Option<prost_types::Timestamp>) -> Shown {
    let at = at.expect("a message without content says how far the stream is");
    let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
    let complete_up_to = OffsetDateTime::from_unix_timestamp_nanos(nanos).expect("an instant");
    Shown::Heartbeat { complete_up_to }
}
