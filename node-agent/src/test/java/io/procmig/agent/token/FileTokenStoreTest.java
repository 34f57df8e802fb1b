// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.Token;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTokenStoreTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final String HEX = "00112233445566778899aabbccddeeff";

  @TempDir Path directory;

  private FileTokenStore store(String boot, Instant now) {
    return new FileTokenStore(directory.resolve("tokens"), boot, Clock.fixed(now, ZoneOffset.UTC));
  }

  private static TokenRecord record(String token, DurableState state) {
    return new TokenRecord(
        TokenRecord.VERSION,
        token,
        RequestRole.SOURCE,
        state,
        "ignored",
        "default/m-1-source",
        "uid",
        "m",
        4711,
        99,
        "node-b",
        "10.0.0.2:7443",
        null,
        null,
        null,
        false,
        0,
        0,
        0);
  }

  @Test
  void whatIsWrittenIsReadByTheNextRunWithItsBoot() {
    store("boot-1", NOW).write(record(HEX, DurableState.COMMITTED));
    FileTokenStore next = store("boot-2", NOW.plusSeconds(5));
    TokenRecord read = next.read(Token.parse(HEX)).orElseThrow();
    assertEquals(DurableState.COMMITTED, read.state());
    assertEquals("boot-1", read.bootId());
    assertEquals(NOW.toEpochMilli(), read.updatedAtMs());
    assertEquals("default/m-1-source", read.task());
    assertEquals(List.of(read), next.readAll());
    next.write(read.aborted(Reason.AgentRestarted, Component.SourceAgent, "why"));
    TokenRecord aborted = next.read(Token.parse(HEX)).orElseThrow();
    assertEquals(DurableState.ABORTED, aborted.state());
    assertEquals("boot-2", aborted.bootId());
    assertEquals(Reason.AgentRestarted, aborted.reason());
  }

  @Test
  void aTokenThatWasNeverWrittenIsAbsent() {
    assertTrue(store("b", NOW).read(Token.parse(HEX)).isEmpty());
  }

  @Test
  void aWriteThatWasCutOffLeavesTheOldRecord() throws IOException {
    FileTokenStore store = store("b", NOW);
    store.write(record(HEX, DurableState.PREPARED));
    Path unfinished = directory.resolve("tokens").resolve(HEX + ".new");
    String whole = Files.readString(directory.resolve("tokens").resolve(HEX + ".json"));
    // Every length that a crash can leave of the file beside the record.
    for (int length = 0; length <= whole.length(); length += 7) {
      Files.writeString(unfinished, whole.replace("PREPARED", "COMMITTED").substring(0, length));
      FileTokenStore next = store("b", NOW);
      assertFalse(Files.exists(unfinished));
      assertEquals(DurableState.PREPARED, next.read(Token.parse(HEX)).orElseThrow().state());
    }
  }

  @Test
  void whatIsNoRecordIsNeitherTrustedNorRemoved() throws IOException {
    FileTokenStore store = store("b", NOW);
    store.write(record(HEX, DurableState.PREPARED));
    Path tokens = directory.resolve("tokens");
    String other = "ffeeddccbbaa99887766554433221100";
    Files.writeString(tokens.resolve(other + ".json"), "{\"version\":1");
    assertEquals(1, store.readAll().size());
    assertThrows(TokenStoreException.class, () -> store.read(Token.parse(other)));
    // A record under another name than its own is somebody's copy.
    Files.copy(
        tokens.resolve(HEX + ".json"),
        tokens.resolve(other + ".json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertEquals(1, store.readAll().size());
    Files.writeString(
        tokens.resolve(other + ".json"),
        Files.readString(tokens.resolve(HEX + ".json")).replace("\"version\":1", "\"version\":2"));
    assertEquals(1, store.readAll().size());
    assertTrue(Files.exists(tokens.resolve(other + ".json")));
  }

  @Test
  void aDiskThatRefusesIsSaidAndTheOldRecordStands() throws IOException {
    FileTokenStore store = store("b", NOW);
    store.write(record(HEX, DurableState.PREPARED));
    Path tokens = directory.resolve("tokens");
    // A directory in the way of the file beside the record: it cannot be opened for writing.
    Files.createDirectory(tokens.resolve(HEX + ".new"));
    TokenStoreException failure =
        assertThrows(
            TokenStoreException.class, () -> store.write(record(HEX, DurableState.COMMITTED)));
    assertTrue(failure.getMessage().contains("COMMITTED of token " + HEX), failure.getMessage());
    assertFalse(failure.isDiskFull());
    assertEquals(DurableState.PREPARED, store.read(Token.parse(HEX)).orElseThrow().state());
  }

  @Test
  void aProbeLeavesNothing() throws IOException {
    store("b", NOW).probe();
    try (Stream<Path> files = Files.list(directory.resolve("tokens"))) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aFullDiskIsRecognised() {
    assertTrue(
        new TokenStoreException("m", new IOException("x: No space left on device")).isDiskFull());
  }

  @Test
  void onlyOldTokensThatAreOverAreCollected() throws IOException {
    FileTokenStore store = store("b", NOW);
    String open = "ffeeddccbbaa99887766554433221100";
    store.write(record(HEX, DurableState.FINISHED));
    store.write(record(open, DurableState.READY));
    Duration week = Duration.ofDays(7);
    assertEquals(0, store("b", NOW.plus(week)).collect(week));
    assertEquals(1, store("b", NOW.plus(week).plusMillis(1)).collect(week));
    try (Stream<Path> files = Files.list(directory.resolve("tokens"))) {
      assertEquals(
          List.of(open + ".json"), files.map(file -> file.getFileName().toString()).toList());
    }
    assertTrue(store.usableBytes() > 0);
  }
}
