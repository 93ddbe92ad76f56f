//! Failures of the network: parts of a page that could not be loaded, servers that ask to wait, and
//! clocks that differ.

use hallpass_contract::{Protected, ResetList, SessionList, UserBody, UserPage, path};

use super::admin;
use super::event::Effect;
use super::field::FORMS;
use super::model::{Failure, SLOW};
use super::task::{Part, Task};
use super::turn::Turn;
use crate::api::{Answer, Fault, Method, expect, expect_status};
use crate::route::Route;
use crate::session::Seconds;

/// How long after the first failure a page is loaded again by itself; each further wait is double.
const FIRST_RETRY: Seconds = 2;
const LAST_RETRY: Seconds = 60;

pub(super) const NO_SUCH_PLACE: &str = "The address names no place in the list of users.";

/// How often the page renews texts such as “2 minutes ago”.
const AGING: Seconds = 30;

impl Turn<'_> {
    /// Asks for what the page needs and does not have.
    pub(super) fn load_missing(&mut self) {
        let content = &self.model.content;
        let missing: &[(Part, bool)] = match self.model.route {
            Route::Protected => &[(Part::Protected, content.protected.is_none())],
            Route::Account => &[
                (Part::Profile, content.profile.is_none()),
                (Part::Sessions, content.sessions.is_none()),
            ],
            Route::Admin(_) => &[
                (Part::Users, content.users.is_none()),
                (Part::Resets, content.resets.is_none() || content.resets_are_old),
            ],
            Route::Onward(_) => &[(Part::Onward, !self.model.was_sent_back())],
            _ => &[],
        };
        let missing: Vec<Part> =
            missing.iter().filter(|(_, missing)| *missing).map(|(part, _)| *part).collect();
        self.model.content.failure = None;
        for part in missing {
            self.load(part);
        }
    }

    pub(super) fn load(&mut self, part: Part) {
        let is_it = |task: &Task| matches!(task, Task::Load(under_way) if *under_way == part);
        if self.model.pending.iter().any(|pending| is_it(&pending.task)) {
            return;
        }
        let path = match part {
            Part::Protected => path::PROTECTED.to_owned(),
            Part::Profile | Part::Onward => path::ME.to_owned(),
            Part::Sessions => path::SESSIONS.to_owned(),
            Part::Users => admin::users_path(&self.model.route),
            Part::Resets => path::ADMIN_RESETS.to_owned(),
        };
        self.call(Method::Get, path, None, Task::Load(part));
    }

    pub(super) fn loaded(&mut self, part: Part, answer: &Answer) {
        let content = &mut self.model.content;
        let outcome = match part {
            Part::Protected => {
                expect::<Protected>(answer, 200).map(|it| content.protected = Some(it))
            }
            Part::Profile => {
                expect::<UserBody>(answer, 200).map(|it| content.profile = Some(it.user))
            }
            Part::Onward => expect_status(answer, 200).map(drop),
            Part::Sessions => {
                expect::<SessionList>(answer, 200).map(|it| content.sessions = Some(it.sessions))
            }
            Part::Users => expect::<UserPage>(answer, 200).map(|it| {
                content.users = Some(it.users);
                content.next_users = it.next;
            }),
            Part::Resets => expect::<ResetList>(answer, 200).map(|it| {
                content.resets = Some(it.resets);
                content.resets_are_old = false;
            }),
        };
        match outcome {
            Ok(()) => {
                content.failures = 0;
                self.load_onward();
            }
            Err(Fault { status: 403, .. }) => self.forbid(),
            Err(fault @ Fault { status: 400 | 422, .. }) if part == Part::Users => {
                let (message, fields) = (NO_SUCH_PLACE.to_owned(), Vec::new());
                self.load_failed(Fault { message, fields, ..fault });
            }
            Err(fault) => self.load_failed(fault),
        }
    }

    pub(super) fn forbid(&mut self) {
        self.model.content.forbidden = true;
        self.effects.push(Effect::FocusHeading);
    }

    /// Loads again later if time may help. Reading twice does no harm.
    fn load_failed(&mut self, fault: Fault) {
        let content = &mut self.model.content;
        let passes = matches!(fault.status, 0 | 429 | 502..=504);
        let doubled = FIRST_RETRY << content.failures.min(5);
        let wait = doubled.min(LAST_RETRY).max(fault.retry_after.unwrap_or(0).into());
        content.failures += 1;
        let retry_at = passes.then(|| self.now.saturating_add(wait));
        // The request holds nothing but what the address says.
        let may_retry = !matches!(fault.status, 400 | 422);
        content.failure = Some(Failure { message: fault.in_words(), retry_at, may_retry });
    }

    /// The person has asked for it: loads at once, with a new token, since roles may have changed.
    pub(super) fn retry(&mut self) {
        if std::mem::take(&mut self.model.content.forbidden) {
            self.begin_refresh();
        } else if self.model.content.failure.is_none() {
            return;
        }
        self.model.refresh_not_before = Seconds::MIN;
        self.load_missing();
        self.effects.push(Effect::FocusHeading);
    }

    pub(super) fn online(&mut self, online: bool) {
        self.model.offline = !online;
        if online {
            self.pay_sign_out_now();
            self.model.refresh_not_before = Seconds::MIN;
            self.model.content.failures = 0;
            if self.model.content.failure.is_some() {
                self.load_missing();
            }
        }
    }

    /// The server's clock is what tokens end by; this device's may have been set meanwhile.
    pub(super) fn set_clock(&mut self, answer: &Answer) {
        let server_time = answer.as_ref().and_then(|reply| reply.server_time);
        let (Some(server_time), Some(session)) = (server_time, &mut self.model.session) else {
            return;
        };
        if session.set_clock(server_time, self.now) {
            self.effects.push(Effect::SaveClock(session.clock_offset()));
        }
    }

    /// When the server takes another attempt, if it has said so.
    pub(super) fn retry_at(&self, fault: &Fault) -> Option<Seconds> {
        fault.retry_after.map(|wait| self.now.saturating_add(wait.into()))
    }

    /// Removes messages about a wait that is over.
    fn end_waits(&mut self) {
        let over = |at: &mut Seconds| *at <= self.now;
        for form in &mut self.model.forms {
            if form.retry_at.take_if(over).is_some() {
                form.alert.clear();
            }
        }
        self.model.content.note.take_if(|note| note.retry_at.as_mut().is_some_and(over));
    }

    /// At the end of each turn: does what is due, and asks to be woken when something will be.
    pub(super) fn plan_ahead(&mut self) {
        let retry_at = self.model.content.failure.as_ref().and_then(|failure| failure.retry_at);
        if retry_at.is_some_and(|at| at <= self.now) {
            self.load_missing();
        }
        self.end_waits();
        self.resume_fetches();
        let refresh_at = self.keep_alive();
        let sign_out_at = self.pay_sign_out();
        let noted = self.model.content.note.as_ref().and_then(|note| note.retry_at);
        let counts_down = noted.is_some()
            || self.model.wait_of_page().is_some()
            || FORMS.iter().any(|form| self.model.wait_of(*form).is_some());
        let tick = counts_down.then(|| self.now + 1);
        let ages_at = self.model.content.has_times().then(|| self.now + AGING - self.now % AGING);
        let slow_at = self.model.pending.iter().map(|pending| pending.since + SLOW);
        let slow_at = slow_at.filter(|at| *at > self.now).min();
        let lock_at = self.patience_ends();
        let wake_at =
            [refresh_at, sign_out_at, tick, ages_at, slow_at, lock_at].into_iter().flatten().min();
        if let Some(at) = wake_at.filter(|at| self.model.wake_at != Some(*at)) {
            self.effects.push(Effect::Wake(at - self.now));
        }
        self.model.wake_at = wake_at;
    }
}
