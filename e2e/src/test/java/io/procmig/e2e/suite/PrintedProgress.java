// SPDX-License-Identifier: Apache-2.0
package io.procmig.e2e.suite;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** One line per test as it ends: a test of two nodes takes long enough to be watched. */
public final class PrintedProgress implements TestExecutionListener {
  private static final long NANOS = 1_000_000_000L;

  private final Map<String, Long> started = new ConcurrentHashMap<>();

  @Override
  public void executionStarted(TestIdentifier test) {
    started.put(test.getUniqueId(), System.nanoTime());
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Long since = started.remove(test.getUniqueId());
    if (!test.isTest() || since == null) {
      return;
    }
    boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
    System.out.printf(
        "%s %s (%d s)%s%n",
        passed ? "ok" : "not ok",
        name(test),
        (System.nanoTime() - since) / NANOS,
        passed ? "" : ": " + result.getThrowable().map(Throwable::getMessage).orElse(""));
  }

  private static String name(TestIdentifier test) {
    return test.getSource()
        .filter(MethodSource.class::isInstance)
        .map(MethodSource.class::cast)
        .map(
            method -> {
              String type = method.getClassName().replaceFirst(".*\\.", "");
              boolean plain = test.getDisplayName().equals(method.getMethodName() + "()");
              return type
                  + "."
                  + method.getMethodName()
                  + (plain ? "" : " " + test.getDisplayName());
            })
        .orElse(test.getDisplayName());
  }
}
