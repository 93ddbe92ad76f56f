//! How many jobs a thread takes at once, and how long the others wait for it.

use super::*;

/// Two lanes for a few jobs, six for many, and twelve for more.
const FEW_AND_ALL: Lanes = Lanes::always(2).and(6, 4).and(12, 10);

/// How many jobs each batch has, until the queue is empty.
fn batches(queue: &Queue<u32>) -> Vec<usize> {
    let next = || {
        let is_empty = queue.lock().is_empty();
        (!is_empty).then(|| queue.take().unwrap().jobs.len())
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn many_that_wait_take_all_lanes_and_a_few_take_a_few() {
    let queue = queue_of(8, FEW_AND_ALL, 0.5);
    let _tickets = filled(&queue, &[(Login, 0); 9]);
    assert_eq!(batches(&queue), [6, 2, 1]);
    let _tickets = filled(&queue, &[(Login, 0); 22]);
    assert_eq!(batches(&queue), [12, 10]);
    let _tickets = filled(&queue, &[(Login, 0); 10]);
    queue.lock().idle = 2;
    assert_eq!(batches(&queue), [4, 2, 2, 1, 1], "who has nothing to do gets a share");
}

#[test]
fn once_somebody_asked_for_it_a_few_go_together_however_many_wait() {
    let queue = queue_of(8, FEW_AND_ALL, 0.5);
    for _ in 0..2 {
        queue.keep_to_a_few();
        // One second per job in full lanes is two seconds per job among a few.
        assert!((queue.lock().rates.pace.time(1, 1, 1).as_secs_f64() - 2.0).abs() < 1e-9);
        let _tickets = filled(&queue, &[(Login, 0); 9]);
        assert_eq!(batches(&queue), [2, 2, 2, 2, 1]);
    }
}

/// Both threads have just begun a full batch when the queue fills up.
#[test]
fn who_is_not_refused_is_answered_in_time_with_whatever_number_of_lanes() {
    let pace = Pace::measured(Duration::from_millis(10), 1, 1);
    for lanes in [Lanes::always(2), Lanes::always(2).and(16, 9), Lanes::always(2).and(32, 20)] {
        let queue = queue_of(2, lanes, 0.5);
        queue.lock().rates.pace = pace;
        let tickets: Vec<_> = std::iter::from_fn(|| submit(&queue, Login, 0).ok()).collect();
        assert_eq!(tickets.len(), 1001, "5 s of two threads, and one that begins then");
        let full = pace.time(lanes.most(), 1, 1);
        let mut free_at = [full; 2];
        while !queue.lock().is_empty() {
            let jobs = queue.take().unwrap().jobs.len();
            let is_one_of_a_few = lanes.step_for(jobs) == 0 && lanes.most() > lanes.few();
            let takes = if is_one_of_a_few { pace.scaled(2.0).time(jobs, 1, 1) } else { full };
            *free_at.iter_mut().min().unwrap() += takes;
        }
        let last = *free_at.iter().max().unwrap();
        assert!(last <= MAX_WAIT + 2 * full, "{last:?} with {lanes:?}");
    }
}
