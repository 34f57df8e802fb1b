// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.token;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.procmig.agent.kernel.RequestRole;
import io.procmig.agent.kernel.Token;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file per token in one directory. A record is written beside its file, synced, renamed over
 * it, and the directory synced: after a crash at any point the file holds the old record or the new
 * one.
 */
public final class FileTokenStore implements TokenStore {
  private static final Logger LOG = LoggerFactory.getLogger(FileTokenStore.class);
  private static final String RECORD = ".json";
  private static final String UNFINISHED = ".new";
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final Path directory;
  private final String bootId;
  private final Clock clock;

  /**
   * Opens the store and removes what an interrupted write left.
   *
   * @param directory made if it does not exist
   * @param bootId of the running kernel
   * @param clock for the time of records
   * @throws TokenStoreException if the directory cannot be used
   */
  public FileTokenStore(Path directory, String bootId, Clock clock) {
    this.directory = directory;
    this.bootId = bootId;
    this.clock = clock;
    try {
      Files.createDirectories(directory);
      try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*" + UNFINISHED)) {
        for (Path file : left) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new TokenStoreException(
          "cannot use " + directory + " for migration tokens: " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized void write(TokenRecord record) {
    TokenRecord stamped = record.writtenIn(bootId, clock.millis());
    Path file = directory.resolve(record.token() + RECORD);
    Path unfinished = directory.resolve(record.token() + UNFINISHED);
    try {
      byte[] bytes = JSON.writeValueAsBytes(stamped);
      try (FileChannel channel =
          FileChannel.open(
              unfinished,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(false);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
      syncDirectory();
    } catch (IOException e) {
      throw new TokenStoreException(
          "cannot record state "
              + record.state()
              + " of token "
              + record.token()
              + " in "
              + file
              + ": "
              + e.getMessage(),
          e);
    }
  }

  @Override
  public Optional<TokenRecord> read(Token token) {
    Path file = directory.resolve(token + RECORD);
    try {
      return Optional.of(parse(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new TokenStoreException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<TokenRecord> readAll() {
    List<TokenRecord> records = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + RECORD)) {
      for (Path file : files) {
        try {
          records.add(parse(file));
        } catch (IOException e) {
          LOG.error(
              "{} is no token record ({}); it is ignored, look at it by hand",
              file,
              String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
      }
    } catch (IOException e) {
      throw new TokenStoreException("cannot list " + directory + ": " + e.getMessage(), e);
    }
    return records;
  }

  @Override
  public String bootId() {
    return bootId;
  }

  /**
   * Removes the records of tokens that ended long ago.
   *
   * @param age how long ago at least
   * @return how many were removed
   */
  public int collect(Duration age) {
    int removed = 0;
    long before = clock.millis() - age.toMillis();
    for (TokenRecord record : readAll()) {
      if (record.state().isTerminal() && record.updatedAtMs() < before) {
        try {
          Files.deleteIfExists(directory.resolve(record.token() + RECORD));
          removed++;
        } catch (IOException e) {
          LOG.warn("token {}: cannot remove the old record: {}", record.token(), e.toString());
        }
      }
    }
    return removed;
  }

  /**
   * Writes and reads a record that says nothing, and removes it.
   *
   * @throws TokenStoreException if the directory cannot be relied on
   */
  public void probe() {
    Token nobodys = Token.parse("f".repeat(32));
    write(
        new TokenRecord(
            TokenRecord.VERSION,
            nobodys.toString(),
            RequestRole.SOURCE,
            DurableState.ABORTED,
            bootId,
            "none/none",
            "",
            "",
            0,
            0,
            "",
            "",
            null,
            null,
            null,
            false,
            0,
            0,
            0));
    read(nobodys);
    try {
      Files.deleteIfExists(directory.resolve(nobodys + RECORD));
    } catch (IOException e) {
      throw new TokenStoreException("cannot remove a record from " + directory, e);
    }
  }

  /** Bytes that the file system of the store has left for us. */
  public long usableBytes() {
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw new TokenStoreException("cannot ask " + directory + " for space: " + e.getMessage(), e);
    }
  }

  private static TokenRecord parse(Path file) throws IOException {
    TokenRecord record = JSON.readValue(Files.readAllBytes(file), TokenRecord.class);
    String name = file.getFileName().toString();
    if (record.version() != TokenRecord.VERSION
        || !name.equals(record.token() + RECORD)
        || record.state() == null
        || record.role() == null
        || record.bootId() == null) {
      throw new IOException(
          "not a complete record of version " + TokenRecord.VERSION + " for its name");
    }
    return record;
  }

  private void syncDirectory() throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
