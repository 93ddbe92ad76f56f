//! A forgotten password: an admin makes a link, and whoever has it sets a new one, once.

use std::time::Duration;

use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{NamedUser, OpenReset, PasswordReset, ResetLink, ResetList, Secret, page};
use sha2::{Digest as _, Sha256};

use super::admin::user_id;
use super::to_the_end;
use crate::answer::Answer;
use crate::audit::{Event, Record};
use crate::auth::Caller;
use crate::client::Client;
use crate::problem::{Problem, field_error};
use crate::state::App;
use crate::store::{self, ResetOffer, User};

/// How long a link can be used.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// `POST /api/admin/users/{id}/reset`
pub async fn offer(caller: Caller, id: String, app: App) -> Result<Answer<ResetLink>, Problem> {
    let user = user_id(&id)?;
    let origin = app.link_origin.clone().ok_or_else(Problem::no_public_url)?;
    let token = random_token()?;
    let created_at = app.clock.now();
    let expires_at = created_at.checked_add(LIFETIME).context("the end of time")?;
    let by = caller.actor(true);
    let offer = ResetOffer { user, by, token_hash: hash(&token), created_at, expires_at };
    to_the_end(app.tasks.clone(), async move {
        app.store.offer_reset(offer).await.map_err(|error| app.refusal(error))?;
        let line = Record::new(Event::ResetOffer, &caller.client).user(user).by(caller.user.id);
        line.session(caller.session).ok();
        // The token is the fragment, which browsers send to nobody.
        let url = format!("{origin}{}#{}", page::RESET_PASSWORD, token.expose());
        Ok(Answer::ok(ResetLink { url, expires_at: expires_at.to_string() }))
    })
    .await
}

/// `GET /api/admin/resets`
pub async fn list(_: Caller, app: App) -> Result<Answer<ResetList>, Problem> {
    let resets = app.store.open_resets(app.clock.now()).await?;
    Ok(Answer::ok(ResetList { resets: resets.into_iter().map(shown).collect() }))
}

/// An offer as admins see it.
pub fn shown(offer: store::OpenReset) -> OpenReset {
    let named = |user: User| NamedUser { id: user.id.to_string(), username: user.username };
    OpenReset {
        user: named(offer.user),
        by: named(offer.by),
        created_at: offer.created_at.to_string(),
        expires_at: offer.expires_at.to_string(),
    }
}

/// `DELETE /api/admin/users/{id}/reset`
pub async fn withdraw(caller: Caller, id: String, app: App) -> Result<Answer<()>, Problem> {
    let user = user_id(&id)?;
    to_the_end(app.tasks.clone(), async move {
        let by = Some(caller.actor(true));
        let withdrawn = app.store.withdraw_reset(user, by, app.clock.now()).await;
        let line = Record::new(Event::ResetWithdrawn, &caller.client).user(user).by(caller.user.id);
        let line = line.session(caller.session);
        if let Err(error) = withdrawn {
            line.refused(&error.to_string());
            return Err(app.refusal(error));
        }
        line.ok();
        Ok(Answer::done())
    })
    .await
}

/// `POST /api/password-reset`
pub async fn take_up(form: PasswordReset, client: Client, app: App) -> Result<Answer<()>, Problem> {
    app.throttle.anonymous(client.address)?;
    let token_hash = hash(&form.token);
    let Some(user) = app.store.reset_offered(token_hash, app.clock.now()).await? else {
        return Err(refused(&client));
    };
    let hashed = app.hash_new_password(form.new_password, &user.username).await?;
    let hash = hashed
        .map_err(|message| Problem::invalid_fields(vec![field_error("new_password", message)]))?;
    to_the_end(app.tasks.clone(), async move {
        let new = hash.to_phc();
        let Some(id) = app.store.take_up_reset(token_hash, new, app.moment()).await? else {
            return Err(refused(&client));
        };
        app.forgive(&user).await;
        Record::new(Event::PasswordReset, &client).user(id).ok();
        Ok(Answer::done())
    })
    .await
}

fn refused(client: &Client) -> Problem {
    Record::new(Event::PasswordReset, client).refused("the link is not valid");
    let message = "This link was used, has expired, or never was one; ask for another one.";
    Problem::invalid_fields(vec![field_error("token", message)])
}

fn random_token() -> Result<Secret, Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(BASE64URL_NOPAD.encode(&bytes).into())
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}
