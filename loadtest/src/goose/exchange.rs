//! Sends a target's request through Goose, and counts what became of it.

use std::time::Duration;

use bytes::Bytes;
use goose::goose::{GooseRequest, GooseUser, TransactionError};
use goose::trigger_killswitch;
use http::{Request, Response};
use reqwest::RequestBuilder;

use super::tally::RequestRow;
use super::world::World;
use crate::sut::{Codes, Failure, Outcome, whole};

/// How long a user waits after a request without any answer. Without this pause, users would ask a
/// dead server as fast as the machine can.
const NO_ANSWER_PAUSE: Duration = Duration::from_millis(100);

/// Sends the request under the row's name. It counts as failed unless its status is one that the
/// call asks for, and `read` finds nothing wrong.
pub(super) async fn exchange<T>(
    user: &mut GooseUser,
    world: &World,
    row: RequestRow,
    request: Request<Bytes>,
    read: impl FnOnce(&Response<Bytes>) -> Result<T, Failure>,
) -> Result<T, Box<TransactionError>> {
    let request = reqwest::Request::try_from(request).map_err(TransactionError::Reqwest)?;
    let expected = world.target.expected(row.call).map(Codes::first).unwrap_or_default();
    let name = world.name(row);
    let request = GooseRequest::builder()
        .set_request_builder(RequestBuilder::from_parts(user.client.clone(), request))
        .name(name.as_str())
        .expect_status_code(expected.as_u16())
        .build();
    let mut sent = user.request(request).await?;
    let answer = match sent.response {
        Ok(answer) => whole(answer).await,
        Err(error) => Err(Failure::transport(&error)),
    };
    let headers = answer.as_ref().ok().map(|answer| answer.headers().clone());
    let failure = match answer.and_then(|answer| read(&answer)) {
        Ok(value) => {
            world.tally.served(row, world.served_as(row.call));
            // The first of several right status codes is all that Goose knows of.
            user.set_success(&mut sent.request)?;
            return Ok(value);
        }
        Err(failure) => failure,
    };
    let tag = failure.kind.clone();
    note(world, row, failure).await;
    // No body: it may hold a token.
    match user.set_failure(&tag, &mut sent.request, headers.as_ref(), None) {
        Err(failed) => Err(failed),
        // Goose documents it as an error in any case; a failure must not become a success here.
        Ok(()) => Err(custom(&tag)),
    }
}

/// Counts a failed request, and ends the run if something was accepted that must never be.
async fn note(world: &World, row: RequestRow, failure: Failure) {
    let unanswered = failure.outcome == Outcome::Transport;
    if let Some(accepted) = world.tally.failed(row, failure) {
        trigger_killswitch(accepted);
    }
    if unanswered {
        tokio::time::sleep(NO_ANSWER_PAUSE).await;
    }
}

pub(super) fn custom(message: &str) -> Box<TransactionError> {
    Box::new(TransactionError::Custom(message.to_owned()))
}
