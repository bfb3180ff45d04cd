// Says how often it called middle and leaf, in four goroutines that move between threads and whose stacks grow.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

var middles, leaves int64

//go:noinline
func leaf(i int) int {
	atomic.AddInt64(&leaves, 1)
	if i%64 == 0 {
		runtime.Gosched()
	}
	return i * 3
}

//go:noinline
func middle(i int) int {
	var room [512]byte
	atomic.AddInt64(&middles, 1)
	room[i%512] = byte(leaf(i))
	return int(room[(i+1)%512]) + leaf(i+1)
}

//go:noinline
func deep(depth int) int {
	if depth == 0 {
		return 0
	}
	return deep(depth-1) + middle(depth)
}

func main() {
	var all sync.WaitGroup
	for g := 0; g < 4; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			deep(500)
		}()
	}
	all.Wait()
	fmt.Printf("middle %d leaf %d\n", middles, leaves)
}
