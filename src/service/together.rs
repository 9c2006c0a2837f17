//! Work of several tasks in one transaction: whoever comes while one runs is in the next. A disk that takes its time for a
//! commit does not take it once per message.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turns, oneshot};

use super::ServiceError;

/// The most items of one transaction.
const MOST: usize = 100;

type Answer<R> = oneshot::Sender<Result<R, ServiceError>>;

/// Items that wait, and whose turn it is.
#[derive(Debug)]
pub struct Together<T, R> {
    waiting: Mutex<Vec<(T, Answer<R>)>>,
    turn: Turns<()>,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: Turns::default() }
    }
}

impl<T: Clone + Send, R: Send> Together<T, R> {
    /// Has `work` done for `item`, perhaps with the items of others; `work` answers one result for each item, in their order.
    /// Where it fails for several, each is done alone, so that one cannot stand in the way of others.
    pub async fn run<F>(&self, item: T, work: impl Fn(Vec<T>) -> F) -> Result<R, ServiceError>
    where
        F: Future<Output = Result<Vec<R>, ServiceError>>,
    {
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((item, tell));
        let _turn = self.turn.lock().await;
        loop {
            match told.try_recv() {
                Ok(result) => return result,
                Err(oneshot::error::TryRecvError::Closed) => return Err(gone()),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let (items, answers): (Vec<T>, Vec<Answer<R>>) = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let most = waiting.len().min(MOST);
                waiting.drain(..most).unzip()
            };
            match work(items.clone()).await {
                // Whoever went away needs no answer.
                Ok(results) => {
                    for (answer, result) in answers.into_iter().zip(results) {
                        drop(answer.send(Ok(result)));
                    }
                }
                Err(error) if items.len() == 1 => {
                    for answer in answers {
                        drop(answer.send(Err(clone(&error))));
                    }
                }
                Err(_) => {
                    for (item, answer) in items.into_iter().zip(answers) {
                        let alone = work(vec![item]).await;
                        let alone = alone.and_then(|results| results.into_iter().next().ok_or_else(gone));
                        drop(answer.send(alone));
                    }
                }
            }
        }
    }
}

fn gone() -> ServiceError {
    ServiceError::Interrupted("the work that was done together was given up".to_owned())
}

fn clone(error: &ServiceError) -> ServiceError {
    ServiceError::Interrupted(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_gets_the_result_of_its_own_item_and_many_share_a_turn() {
        let together: Arc<Together<u32, u32>> = Arc::default();
        let turns = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..300_u32)
            .map(|n| {
                let (together, turns) = (together.clone(), turns.clone());
                tokio::spawn(async move {
                    let work = |items: Vec<u32>| {
                        *turns.lock().unwrap() += 1;
                        async move {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                            Ok(items.into_iter().map(|item| item * 2).collect())
                        }
                    };
                    (n, together.run(n, work).await.unwrap())
                })
            })
            .collect();
        for task in tasks {
            let (n, doubled) = task.await.unwrap();
            assert_eq!(doubled, n * 2);
        }
        assert!(*turns.lock().unwrap() < 100, "{turns:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_fails_stands_in_nobodys_way() {
        let together: Arc<Together<u32, u32>> = Arc::default();
        let tasks: Vec<_> = (0..20_u32)
            .map(|n| {
                let together = together.clone();
                tokio::spawn(async move {
                    let work = |items: Vec<u32>| async move {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        if items.contains(&7) { Err(gone()) } else { Ok(items) }
                    };
                    together.run(n, work).await.ok()
                })
            })
            .collect();
        for (n, task) in (0..20).zip(tasks) {
            assert_eq!(task.await.unwrap(), (n != 7).then_some(n));
        }
    }
}
