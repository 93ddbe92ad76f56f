//! Who sent a request: the filters that find out, and refuse whoever may not.

use std::sync::Arc;

use http::HeaderMap;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reject::Rejection;

use super::{head, id, json_body, reject};
use crate::auth::{Bearer, Demand};
use crate::body::Form;
use crate::client::Client;
use crate::origin::Caller;
use crate::problem::Problem;
use crate::state::App;

/// The authenticated caller; without one, 401. A token for setting up a second factor gets 403.
pub(crate) fn bearer(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: false, setup: false })
}

/// As [`bearer`], and the session must be fresh; else 401.
pub(crate) fn fresh(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: true, setup: false })
}

/// As [`bearer`], and a token for setting up a second factor is enough.
pub(crate) fn setup(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: false, setup: true })
}

/// As [`fresh`], and a token for setting up a second factor is enough.
pub(crate) fn fresh_setup(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: false, fresh: true, setup: true })
}

/// As [`bearer`], with the role `admin`; else 403.
pub(crate) fn admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: false, setup: false })
}

/// As [`admin`] and [`fresh`].
pub(crate) fn fresh_admin(app: &App) -> BoxedFilter<(Caller,)> {
    caller(app, Demand { admin: true, fresh: true, setup: false })
}

/// The caller and the JSON body. The caller is checked before and after the body is read, since
/// somebody may lose a role while it arrives.
fn caller_and_body<T: Form>(app: &App, demand: Demand) -> BoxedFilter<(Caller, T)> {
    let again = move |_: Caller, form: T, client, headers: HeaderMap, app: App| async move {
        let caller = app.authenticator().caller(&headers, client, demand).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, form))
    };
    caller(app, demand).and(json_body(app)).and(head(app)).and_then(again).untuple_one().boxed()
}

/// As [`bearer`], with the JSON body.
pub(crate) fn bearer_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: false, setup: false })
}

/// As [`fresh`], with the JSON body.
pub(crate) fn fresh_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: true, setup: false })
}

/// As [`fresh_setup`], with the JSON body.
pub(crate) fn fresh_setup_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: false, fresh: true, setup: true })
}

/// As [`fresh_admin`], with the JSON body.
pub(crate) fn fresh_admin_and_body<T: Form>(app: &App) -> BoxedFilter<(Caller, T)> {
    caller_and_body(app, Demand { admin: true, fresh: true, setup: false })
}

/// As [`admin`], and the id of the user in the path. If that user is an admin, the session must be
/// fresh; else 401.
pub(crate) fn admin_over(app: &App, path: &'static str) -> BoxedFilter<(Caller, String)> {
    let caller = async |id: String, client, headers: HeaderMap, app: App| {
        let caller =
            app.authenticator().caller_over(&headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id))
    };
    id(path).and(head(app)).and_then(caller).untuple_one().boxed()
}

/// As [`admin_over`], with the JSON body. The caller is looked up again once the body is there.
pub(crate) fn admin_over_and_body<T: Form>(
    app: &App,
    path: &'static str,
) -> BoxedFilter<(Caller, String, T)> {
    let before = admin_over(app, path).and(json_body(app));
    let again = async |(_, id): (Caller, String), form: T, client, headers: HeaderMap, app: App| {
        let caller =
            app.authenticator().caller_over(&headers, client, &id).await.map_err(reject)?;
        Ok::<_, Rejection>((caller, id, form))
    };
    let before = before.map(|caller, id, form| ((caller, id), form)).untuple_one();
    before.and(head(app)).and_then(again).untuple_one().boxed()
}

/// Whose access token came. If the store fails, the answer is 401: nginx turns everything but 2xx,
/// 401 and 403 into a 500. A server of several that has lost touch with the database answers 503.
pub(crate) fn bearer_for_proxies(app: &App) -> BoxedFilter<(Arc<Bearer>,)> {
    let bearer = async |_: Client, headers: HeaderMap, app: App| {
        let bearer = app.authenticator().bearer(&headers).await;
        bearer.map_err(|problem| reject(Problem::cannot_tell(problem)))
    };
    head(app).and_then(bearer).boxed()
}

fn caller(app: &App, demand: Demand) -> BoxedFilter<(Caller,)> {
    let caller = move |client, headers: HeaderMap, app: App| async move {
        app.authenticator().caller(&headers, client, demand).await.map_err(reject)
    };
    head(app).and_then(caller).boxed()
}
