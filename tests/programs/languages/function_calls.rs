// Says how often it called middle and leaf, in four threads, through a closure, a trait object and a panic that is caught.
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static MIDDLES: AtomicU64 = AtomicU64::new(0);
static LEAVES: AtomicU64 = AtomicU64::new(0);

trait Step {
    fn step(&self, i: u64) -> u64;
}
struct Triple;
impl Step for Triple {
    #[inline(never)]
    fn step(&self, i: u64) -> u64 {
        leaf(i) * 3
    }
}

#[inline(never)]
fn leaf(i: u64) -> u64 {
    LEAVES.fetch_add(1, Relaxed);
    if i == 77 {
        panic!("caught");
    }
    i
}

#[inline(never)]
fn middle(i: u64, step: &dyn Step) -> u64 {
    MIDDLES.fetch_add(1, Relaxed);
    black_box(step.step(i)) + black_box(leaf(i + 1))
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for i in 0..200 {
                    let _ = std::panic::catch_unwind(|| middle(i, black_box(&Triple)));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    println!("middle {} leaf {}", MIDDLES.load(Relaxed), LEAVES.load(Relaxed));
}
