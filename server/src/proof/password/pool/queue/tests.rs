mod lanes;

use hallpass_kdf::Lanes;
use proptest::prelude::*;

use super::*;
use crate::proof::password::pool::pace::Pace;
use JobKind::{Login, Registration};

use crate::proof::password::pool::stats::KindStats;

/// A queue whose jobs take a thread 1 s each.
fn queue(threads: usize, lanes: usize) -> Arc<Queue<u32>> {
    queue_of(threads, Lanes::always(lanes), 1.0)
}

/// A job among a few costs more than one in full lanes: `saving` is what these leave of it.
fn queue_of(threads: usize, lanes: Lanes, saving: f64) -> Arc<Queue<u32>> {
    let pace = Pace::measured(Duration::from_secs(1), 1, 1);
    let mut rates = Rates::of(lanes, pace);
    rates.savings[0] = saving;
    Arc::new(Queue::new(threads, Arc::new(AtomicU32::new(1)), rates))
}

/// Queues a job that shares lanes.
fn submit(queue: &Arc<Queue<u32>>, kind: JobKind, work: u32) -> Result<Ticket<u32>, Duration> {
    Queue::submit(queue, kind, true, work, Instant::now())
}

fn filled(queue: &Arc<Queue<u32>>, jobs: &[(JobKind, u32)]) -> Vec<Ticket<u32>> {
    jobs.iter().map(|&(kind, work)| submit(queue, kind, work).ok().unwrap()).collect()
}

fn works(jobs: &[Job<u32>]) -> Vec<u32> {
    jobs.iter().map(|job| job.work).collect()
}

fn taken(queue: &Queue<u32>) -> Vec<u32> {
    works(&queue.take().unwrap().jobs)
}

#[test]
fn as_many_as_there_are_lanes_go_together_and_one_goes_alone() {
    for (lanes, batches) in [
        (1, vec![vec![1], vec![2], vec![3]]),
        (2, vec![vec![1, 2], vec![3]]),
        (4, vec![vec![1, 2, 3]]),
    ] {
        let queue = queue(8, lanes);
        let _tickets = filled(&queue, &[(Login, 1), (Login, 2), (Login, 3)]);
        for batch in batches {
            assert_eq!(taken(&queue), batch, "{lanes} lanes");
        }
    }
}

#[test]
fn who_has_nothing_to_do_gets_a_share() {
    let queue = queue(8, 2);
    let _tickets = filled(&queue, &[(Login, 1), (Login, 2), (Login, 3), (Login, 4), (Login, 5)]);
    queue.lock().idle = 2;
    assert_eq!(taken(&queue), [1, 2]);
    assert_eq!(taken(&queue), [3]);
    queue.lock().idle = 0;
    assert_eq!(taken(&queue), [4, 5]);
}

#[test]
fn a_thread_that_had_room_knows_it() {
    let queue = queue(8, 2);
    let had_room = |idle, jobs: &[_]| {
        let _tickets = filled(&queue, jobs);
        queue.lock().idle = idle;
        queue.take().unwrap().had_room
    };
    assert!(had_room(0, &[(Login, 1)]));
    assert!(!had_room(0, &[(Login, 2), (Login, 3)]));
    assert!(had_room(1, &[(Login, 4), (Login, 5)]), "the other one is for somebody else");
}

#[test]
fn the_kinds_take_turns_while_both_wait() {
    let queue = queue(8, 1);
    let logins = [(Login, 1), (Login, 2), (Login, 3), (Login, 4)];
    let _tickets = filled(&queue, &logins);
    let _tickets = filled(&queue, &[(Registration, 11), (Registration, 12)]);
    let order: Vec<u32> = (0..6).flat_map(|_| taken(&queue)).collect();
    assert_eq!(order, [1, 11, 2, 12, 3, 4]);
    let _tickets = filled(&queue, &[(Login, 5), (Registration, 13)]);
    assert_eq!(taken(&queue), [13], "the last one was a login");
}

#[test]
fn both_kinds_share_lanes() {
    let queue = queue(8, 3);
    let _tickets = filled(&queue, &[(Login, 1), (Login, 2), (Registration, 11)]);
    assert_eq!(taken(&queue), [1, 11, 2]);
}

#[test]
fn what_does_not_share_lanes_runs_alone_and_in_its_turn() {
    let queue = queue(8, 2);
    let _first = submit(&queue, Login, 1).ok().unwrap();
    let _alone = Queue::submit(&queue, Login, false, 2, Instant::now()).ok().unwrap();
    let _tickets = filled(&queue, &[(Login, 3), (Login, 4)]);
    assert_eq!(taken(&queue), [1]);
    let batch = queue.take().unwrap();
    assert_eq!((works(&batch.jobs), batch.lanes, batch.had_room), (vec![2], 2, false));
    assert_eq!(taken(&queue), [3, 4]);
    let _alone = Queue::submit(&queue, Login, false, 5, Instant::now()).ok().unwrap();
    let batch = queue.take().unwrap();
    assert_eq!((works(&batch.jobs), batch.lanes, batch.had_room), (vec![5], 1, true));
}

#[test]
fn a_lane_that_is_free_again_is_filled_with_what_shares_lanes() {
    let queue = queue(8, 4);
    let _tickets = filled(&queue, &[(Login, 1), (Login, 2), (Login, 3)]);
    let _alone = Queue::submit(&queue, Login, false, 4, Instant::now()).ok().unwrap();
    assert_eq!(works(&queue.take_more(1)), [1]);
    queue.lock().idle = 1;
    assert!(queue.take_more(1).is_empty(), "somebody else takes it at once");
    queue.lock().idle = 0;
    assert_eq!(works(&queue.take_more(3)), [2, 3]);
    assert!(queue.take_more(3).is_empty());
}

/// Each job takes 1 s and there are two threads, so the twelfth would begin after 5.5 s.
#[test]
fn what_would_begin_too_late_is_refused_with_the_time_it_would_wait() {
    let queue = queue(2, 2);
    let _tickets = filled(&queue, &[(Login, 0); 11]);
    assert_eq!(submit(&queue, Login, 0).err(), Some(Duration::from_millis(5500)));
    assert_eq!(taken(&queue).len(), 2);
    let _ticket = submit(&queue, Login, 0).ok().unwrap();
    let stats = queue.stats();
    assert_eq!(*stats.of(Login), KindStats { waiting: 10, refused: 1, ..KindStats::default() });
    assert_eq!(*stats.of(Registration), KindStats::default());
}

#[test]
fn dear_hashes_fill_a_queue_sooner() {
    let queue = queue(1, 2);
    queue.dearest.store(4, Ordering::Relaxed);
    let _tickets = filled(&queue, &[(Login, 0); 2]);
    assert_eq!(submit(&queue, Login, 0).err(), Some(Duration::from_secs(8)));
}

#[test]
fn what_it_learns_decides_how_long_the_queue_may_be() {
    let queue = queue(1, 2);
    for _ in 0..100 {
        queue.learn(Duration::from_secs(4), 2, false);
    }
    let tickets = filled(&queue, &[(Login, 0); 3]);
    assert_eq!(submit(&queue, Login, 0).err().map(|wait| wait.as_secs_f64().round()), Some(6.0));
    drop(tickets);
    for _ in 0..100 {
        queue.learn(Duration::from_millis(200), 2, false);
    }
    let _tickets = filled(&queue, &[(Login, 0); 50]);
    assert!(submit(&queue, Login, 0).is_err());
}

#[test]
fn a_flood_of_one_kind_leaves_the_other_one_alone() {
    for kind in JobKind::ALL {
        let queue = queue(1, 1);
        let _tickets = filled(&queue, &[(kind, 0); 6]);
        assert!(submit(&queue, kind, 0).is_err());
        let _ticket = submit(&queue, kind.other(), 1).ok().unwrap();
        assert!([taken(&queue), taken(&queue)].contains(&vec![1]), "{kind:?}");
    }
}

#[test]
fn memory_bounds_the_queue_of_cheap_hashes() {
    let queue = queue(1, 1);
    queue.dearest.store(0, Ordering::Relaxed);
    let _tickets = filled(&queue, &[(Login, 0); MAX_QUEUE]);
    assert!(submit(&queue, Login, 0).is_err());
}

#[test]
fn a_job_is_called_off_when_its_asker_hangs_up() {
    let queue = queue(1, 1);
    let mut tickets = filled(&queue, &[(Login, 1), (Login, 2), (Registration, 11), (Login, 3)]);
    drop(tickets.remove(1));
    drop(tickets.remove(1));
    let stats = queue.stats();
    assert_eq!(*stats.of(Login), KindStats { waiting: 2, abandoned: 1, ..KindStats::default() });
    assert_eq!(stats.of(Registration).abandoned, 1);
    assert_eq!([taken(&queue), taken(&queue)], [[1], [3]]);
    assert_eq!(queue.stats().of(Login).waiting, 0);
}

#[test]
fn whoever_took_a_job_can_tell_that_its_asker_hung_up() {
    let queue = queue(1, 1);
    let ticket = submit(&queue, Login, 1).ok().unwrap();
    let batch = queue.take().unwrap();
    assert!(!batch.jobs[0].asker.has_hung_up());
    drop(ticket);
    assert!(batch.jobs[0].asker.has_hung_up());
    assert_eq!(queue.stats().of(Login).abandoned, 0, "that is for who took it to count");
}

#[test]
fn a_closed_queue_sends_its_workers_home() {
    let queue = queue(1, 1);
    let worker = std::thread::spawn({
        let queue = Arc::clone(&queue);
        move || queue.take().is_none()
    });
    queue.close();
    assert!(worker.join().unwrap());
}

proptest! {
    /// A job is refused by how many jobs are done before it, if no others come.
    #[test]
    fn as_many_jobs_go_ahead_as_were_counted(
        kinds in prop::collection::vec(any::<(bool, bool)>(), 0..40),
        is_login: bool,
    ) {
        let queue = queue(1000, 1);
        let kind_of = |is_login| if is_login { Login } else { Registration };
        let mut tickets = Vec::new();
        for (is_login, take) in kinds {
            tickets.extend(submit(&queue, kind_of(is_login), 0).ok());
            if take {
                taken(&queue);
            }
        }
        let counted = queue.lock().ahead(kind_of(is_login));
        let _ticket = submit(&queue, kind_of(is_login), 1).ok().unwrap();
        let ahead = std::iter::from_fn(|| Some(taken(&queue)[0])).take_while(|&work| work == 0).count();
        prop_assert!((counted.saturating_sub(1)..=counted).contains(&ahead), "{counted}: {ahead}");
    }
}
