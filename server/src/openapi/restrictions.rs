//! What admins restrict.

use hallpass_contract::{BlockBody, BlockList, NewBlock, RegistrationChange, path};
use serde_json::json;

use super::admin::TAG;
use super::operation::{Operation, operation};
use crate::accounts::Hazard;
use crate::handlers::restrictions::{neither_open_nor_closed, no_network};
use crate::problem::Problem;

pub(super) fn operations() -> Vec<Operation> {
    vec![set_registration(), blocks(), block(), unblock()]
}

fn set_registration() -> Operation {
    let about = "Counts at once, on every server, and until somebody says otherwise, whatever the \
                 setting `--registration` is. `GET /api/config` tells it.";
    let (route, id) = (("post", path::ADMIN_REGISTRATION), "setRegistration");
    operation(TAG, route, id, "Open or close registration", about)
        .takes::<RegistrationChange>("RegistrationChange", &json!({ "registration": "closed" }))
        .done(204, "It is so.")
        .refuses([neither_open_nor_closed()])
        .stores()
}

fn blocks() -> Operation {
    let about = "Those that are not over.";
    operation(TAG, ("get", path::ADMIN_BLOCKS), "blocks", "List the blocked networks", about)
        .answers::<BlockList>(200, "The networks.")
        .stores()
}

fn block() -> Operation {
    let about = "Until its time is over, all paths below `/api` answer clients of the network with 403 \
                 (`urn:hallpass:problem:address-blocked`), but `/api/verify` with 401. It counts at \
                 once, on every server, and after a restart. A second block of the same network takes \
                 the place of the first.";
    let example =
        json!({ "network": "192.0.2.0/24", "seconds": 3600, "reason": "guesses passwords" });
    operation(TAG, ("post", path::ADMIN_BLOCKS), "block", "Block a network for a time", about)
        .takes::<NewBlock>("NewBlock", &example)
        .answers::<BlockBody>(201, "It is blocked.")
        .refuses([no_network(), Problem::hazardous_block(Hazard::OwnAddress)])
        .refuses([Problem::too_many_blocks()])
        .stores()
}

fn unblock() -> Operation {
    let about = "The network may use the API again, at once.";
    operation(TAG, ("delete", path::ADMIN_BLOCK), "unblock", "End a block", about)
        .of("The block's id.")
        .done(204, "It has ended.")
        .stores()
}
