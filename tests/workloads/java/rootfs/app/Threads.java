// Compiled in memory by the launcher. Threads that meet in every way the library has, and what they ask of the kernel.
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;

public class Threads {
  static int counter;
  static byte[][] garbage = new byte[20][];

  static synchronized void count() {
    counter++;
  }

  static void monitors() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      Thread thread = new Thread(() -> {
        for (int n = 0; n < 10_000; n++) count();
      });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) thread.join();
    System.out.println("counted " + counter);
  }

  static void queues() throws Exception {
    ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(4);
    CountDownLatch ready = new CountDownLatch(2);
    ExecutorService pool = Executors.newFixedThreadPool(4);
    List<Future<Long>> sums = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Callable<Long> take = () -> {
        ready.countDown();
        long sum = 0;
        for (int next = queue.take(); next >= 0; next = queue.take()) sum += next;
        return sum;
      };
      sums.add(pool.submit(take));
    }
    ready.await();
    for (int i = 1; i <= 1000; i++) queue.put(i);
    queue.put(-1);
    queue.put(-1);
    long total = 0;
    for (Future<Long> sum : sums) total += sum.get();
    System.out.println("queued " + total);

    CyclicBarrier barrier = new CyclicBarrier(4, () -> System.out.println("all there"));
    for (int i = 0; i < 4; i++) pool.submit(() -> barrier.await());
    pool.shutdown();
    System.out.println("ended " + pool.awaitTermination(60, TimeUnit.SECONDS));

    ReentrantLock lock = new ReentrantLock();
    Condition never = lock.newCondition();
    lock.lock();
    System.out.println("signalled " + never.await(20, TimeUnit.MILLISECONDS));
    lock.unlock();
  }

  static void memory() throws Exception {
    for (int i = 0; i < 300; i++) garbage[i % 20] = new byte[1 << 20];
    System.gc();
    System.out.println("sum " + LongStream.range(0, 1_000_000).parallel().sum());
    try {
      System.out.println(((Object) null).hashCode());
    } catch (NullPointerException expected) {
      System.out.println("null pointer");
    }
    try {
      System.out.println(deep(0));
    } catch (StackOverflowError expected) {
      System.out.println("stack overflow");
    }
  }

  static int deep(int depth) {
    return deep(depth + 1) + 1;
  }

  static void system() throws Exception {
    Path file = Files.createTempFile("mapped", "");
    Files.write(file, new byte[65536]);
    try (FileChannel channel = FileChannel.open(file)) {
      System.out.println("mapped " + channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).remaining());
    }
    Files.delete(file);
    Process child = new ProcessBuilder("/bin/sh", "-c", "read line; echo \"child got $line\"; exit 3").start();
    child.outputWriter().append("a line\n").flush();
    System.out.println(child.inputReader().readLine() + ", ended " + child.waitFor());
    Thread sleeper = new Thread(() -> {
      try {
        Thread.sleep(600_000);
      } catch (InterruptedException woken) {
        System.out.println("interrupted");
      }
    });
    sleeper.start();
    sleeper.interrupt();
    sleeper.join();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("done")));
  }

  public static void main(String[] arguments) throws Exception {
    System.out.println("Java " + Runtime.version().feature());
    monitors();
    queues();
    memory();
    system();
    System.exit(5);
  }
}
