// SPDX-License-Identifier: Apache-2.0
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * Threads that compute one checksum again and again, until "end" comes on standard input; any other
 * line there asks how many rounds each has done.
 */
public final class Checksum {
  private static final int THREADS = 4;
  private static final int OBJECTS = 2_000;

  private static volatile boolean ended;

  private Checksum() {}

  /** One thread's work: objects are made, hashed and thrown away. */
  private static final class Worker extends Thread {
    private final int number;
    private final CountDownLatch begun;
    private long first;
    private volatile long rounds;
    private String failure;

    Worker(int number, CountDownLatch begun) {
      super("checksum-" + number);
      this.number = number;
      this.begun = begun;
    }

    @Override
    public void run() {
      first = round();
      begun.countDown();
      for (rounds = 1; !ended; rounds = rounds + 1) {
        long again = round();
        if (again != first) {
          failure = "round " + rounds + " gave " + again + ", not " + first;
          return;
        }
      }
    }

    private long round() {
      CRC32 sum = new CRC32();
      List<String> objects = new ArrayList<>();
      for (int i = 0; i < OBJECTS; i++) {
        objects.add(number + " " + i);
      }
      for (String object : objects) {
        sum.update(object.getBytes(StandardCharsets.US_ASCII));
      }
      return sum.getValue();
    }
  }

  public static void main(String[] arguments) throws Exception {
    CountDownLatch begun = new CountDownLatch(THREADS);
    List<Worker> workers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      workers.add(new Worker(i, begun));
    }
    workers.forEach(Thread::start);
    begun.await();
    System.out.println("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String order = orders.readLine();
        order != null && !order.equals("end");
        order = orders.readLine()) {
      System.out.println(
          workers.stream()
              .map(worker -> String.valueOf(worker.rounds))
              .collect(Collectors.joining(" ")));
    }
    ended = true;
    for (Worker worker : workers) {
      worker.join();
      System.out.println(
          worker.failure == null ? worker.first + " " + worker.rounds : "failed " + worker.failure);
    }
  }
}
