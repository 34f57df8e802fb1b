// SPDX-License-Identifier: Apache-2.0
package io.procmig.agent.control;

import com.google.protobuf.ByteString;
import io.procmig.agent.control.v1.AbortRequest;
import io.procmig.agent.control.v1.Channel;
import io.procmig.agent.control.v1.MechanismOrder;
import io.procmig.agent.control.v1.Outcome;
import io.procmig.agent.control.v1.PreflightRequest;
import io.procmig.agent.control.v1.PrepareReply;
import io.procmig.agent.control.v1.PrepareRequest;
import io.procmig.agent.control.v1.TokenOutcome;
import io.procmig.agent.kernel.ChannelRole;
import io.procmig.agent.kernel.Claims;
import io.procmig.agent.kernel.Context;
import io.procmig.agent.kernel.MechanismKind;
import io.procmig.agent.kernel.MechanismRule;
import io.procmig.agent.kernel.Quiesce;
import io.procmig.agent.kernel.Strategy;
import io.procmig.agent.kernel.Token;
import io.procmig.agent.kernel.TrafficKey;
import io.procmig.agent.kernel.TransferMode;
import io.procmig.agent.preflight.SourceFacts;
import io.procmig.agent.process.FileFact;
import io.procmig.agent.transfer.Answer;
import io.procmig.agent.transfer.Cause;
import io.procmig.agent.transfer.ChannelSpec;
import io.procmig.agent.transfer.TargetPeer;
import io.procmig.api.v1alpha1.Component;
import io.procmig.api.v1alpha1.Obstacle;
import io.procmig.api.v1alpha1.Reason;
import java.net.InetSocketAddress;

/**
 * Between the messages of the wire and the agent's own types. A name that this version does not
 * know is {@link IllegalArgumentException}, which the server answers with INVALID_ARGUMENT.
 */
final class ControlMessages {
  private ControlMessages() {}

  static Token token(ByteString bytes) {
    return Token.of(bytes.toByteArray());
  }

  static ByteString token(Token token) {
    return ByteString.copyFrom(token.bytes());
  }

  /* ---- outcomes ---- */

  static Outcome of(Answer answer) {
    Outcome.Builder outcome =
        Outcome.newBuilder()
            .setState(
                switch (answer.outcome()) {
                  case NONE -> TokenOutcome.TOKEN_OUTCOME_NONE;
                  case UNDECIDED -> TokenOutcome.TOKEN_OUTCOME_UNDECIDED;
                  case READY -> TokenOutcome.TOKEN_OUTCOME_READY;
                  case COMMITTED -> TokenOutcome.TOKEN_OUTCOME_COMMITTED;
                  case ABORTED -> TokenOutcome.TOKEN_OUTCOME_ABORTED;
                })
            .setPid(answer.pid())
            .setBootId(answer.bootId())
            .setReadyNs(answer.readyNs())
            .setResumedNs(answer.resumedNs())
            .setBytesReceived(answer.bytesReceived());
    if (answer.cause() != null) {
      outcome
          .setReason(answer.cause().reason().name())
          .setComponent(answer.cause().component().name())
          .setStep(answer.cause().step())
          .setMessage(answer.cause().message());
    }
    return outcome.build();
  }

  static Answer of(Outcome outcome) {
    io.procmig.agent.transfer.TokenOutcome state =
        switch (outcome.getState()) {
          case TOKEN_OUTCOME_NONE -> io.procmig.agent.transfer.TokenOutcome.NONE;
          case TOKEN_OUTCOME_UNDECIDED -> io.procmig.agent.transfer.TokenOutcome.UNDECIDED;
          case TOKEN_OUTCOME_READY -> io.procmig.agent.transfer.TokenOutcome.READY;
          case TOKEN_OUTCOME_COMMITTED -> io.procmig.agent.transfer.TokenOutcome.COMMITTED;
          case TOKEN_OUTCOME_ABORTED -> io.procmig.agent.transfer.TokenOutcome.ABORTED;
          case TOKEN_OUTCOME_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException("token outcome " + outcome.getStateValue());
        };
    return new Answer(
        state,
        cause(outcome.getReason(), outcome.getComponent(), outcome.getStep(), outcome.getMessage()),
        outcome.getPid(),
        outcome.getBootId(),
        outcome.getReadyNs(),
        outcome.getResumedNs(),
        outcome.getBytesReceived());
  }

  private static Cause cause(String reason, String component, String step, String message) {
    return reason.isEmpty()
        ? null
        : new Cause(Reason.valueOf(reason), Component.valueOf(component), step, message);
  }

  /* ---- prepare ---- */

  static PrepareRequest of(TargetPeer.PrepareOrder order) {
    PrepareRequest.Builder request =
        PrepareRequest.newBuilder()
            .setToken(token(order.token()))
            .setSourceNode(order.sourceNode())
            .setSourceControlAddress(order.sourceControlAddress())
            .setPid(order.pid())
            .setMode(order.strategy().mode().code())
            .setWatchdogMs(order.watchdogMs());
    for (ChannelSpec channel : order.channels()) {
      Channel.Builder message =
          Channel.newBuilder()
              .setChannelId(ByteString.copyFrom(channel.id()))
              .setRole(channel.role().code());
      if (channel.sourceToTarget() != null) {
        message
            .setSourceToTarget(of(channel.sourceToTarget()))
            .setTargetToSource(of(channel.targetToSource()));
      }
      request.addChannels(message);
    }
    for (MechanismRule rule : order.mechanisms()) {
      request.addMechanisms(
          MechanismOrder.newBuilder()
              .setSubsystem(rule.subsystem())
              .setMechanism(rule.mechanism().code())
              .setEntity(rule.entity()));
    }
    return request.build();
  }

  static TargetPeer.PrepareOrder of(PrepareRequest request) {
    return new TargetPeer.PrepareOrder(
        token(request.getToken()),
        request.getSourceNode(),
        request.getSourceControlAddress(),
        request.getPid(),
        new Strategy(
            Context.EXTERNAL,
            Quiesce.ASYNCHRONOUS,
            coded(TransferMode.values(), request.getMode())),
        request.getChannelsList().stream().map(ControlMessages::of).toList(),
        request.getMechanismsList().stream()
            .map(
                rule ->
                    new MechanismRule(
                        rule.getSubsystem(),
                        coded(MechanismKind.values(), rule.getMechanism()),
                        rule.getEntity()))
            .toList(),
        request.getWatchdogMs());
  }

  private static ChannelSpec of(Channel channel) {
    byte[] id = channel.getChannelId().toByteArray();
    if (id.length != ChannelSpec.ID_BYTES) {
      throw new IllegalArgumentException("a channel ID of " + id.length + " bytes");
    }
    boolean tls = channel.hasSourceToTarget();
    if (tls != channel.hasTargetToSource()) {
      throw new IllegalArgumentException("a channel with a key for one direction only");
    }
    return new ChannelSpec(
        id,
        coded(ChannelRole.values(), channel.getRole()),
        tls ? of(channel.getSourceToTarget()) : null,
        tls ? of(channel.getTargetToSource()) : null);
  }

  private static io.procmig.agent.control.v1.TrafficKey of(TrafficKey key) {
    return io.procmig.agent.control.v1.TrafficKey.newBuilder()
        .setKey(ByteString.copyFrom(key.key()))
        .setSalt(ByteString.copyFrom(key.salt()))
        .setIv(ByteString.copyFrom(key.iv()))
        .build();
  }

  private static TrafficKey of(io.procmig.agent.control.v1.TrafficKey key) {
    return new TrafficKey(
        key.getKey().toByteArray(), key.getSalt().toByteArray(), key.getIv().toByteArray());
  }

  static PrepareReply of(TargetPeer.Prepared prepared) {
    PrepareReply.Builder reply = PrepareReply.newBuilder().setOutcome(of(prepared.answer()));
    if (prepared.address() != null) {
      reply
          .setDataHost(prepared.address().getAddress().getHostAddress())
          .setDataPort(prepared.address().getPort());
    }
    return reply.build();
  }

  static TargetPeer.Prepared of(PrepareReply reply) {
    InetSocketAddress address =
        reply.getDataHost().isEmpty()
            ? null
            : new InetSocketAddress(reply.getDataHost(), reply.getDataPort());
    return new TargetPeer.Prepared(of(reply.getOutcome()), address);
  }

  /* ---- abort ---- */

  static AbortRequest of(Token token, String sourceNode, Cause cause) {
    return AbortRequest.newBuilder()
        .setToken(token(token))
        .setSourceNode(sourceNode)
        .setReason(cause.reason().name())
        .setComponent(cause.component().name())
        .setStep(cause.step())
        .setMessage(cause.message())
        .build();
  }

  static Cause cause(AbortRequest request) {
    Cause cause =
        cause(request.getReason(), request.getComponent(), request.getStep(), request.getMessage());
    if (cause == null) {
      throw new IllegalArgumentException("an abort without a reason");
    }
    return cause;
  }

  /* ---- preflight ---- */

  static PreflightRequest of(Token token, String sourceNode, SourceFacts facts) {
    PreflightRequest.Builder request =
        PreflightRequest.newBuilder()
            .setToken(token(token))
            .setSourceNode(sourceNode)
            .setPid(facts.pid())
            .addAllPids(facts.pids())
            .setKernelRelease(facts.kernelRelease())
            .setAbiVersion(facts.abiVersion())
            .setStreamVersion(facts.streamVersion())
            .setXfeatures(facts.xfeatures())
            .setXstateBytes(facts.xstateBytes())
            .setMemoryBytes(facts.memoryBytes())
            .setMachine(facts.machine())
            .addAllCpuFeatures(facts.cpuFeatures())
            .setClaims(ByteString.copyFrom(facts.claims().bytes()));
    for (FileFact file : facts.files()) {
      request.addFiles(
          io.procmig.agent.control.v1.FileFact.newBuilder()
              .setPath(file.path())
              .setUsedBy(file.usedBy())
              .setKind(file.kind().name())
              .setSize(file.bytes())
              .setMtimeSeconds(file.modifiedSeconds())
              .setMtimeNanos(file.modifiedNanos())
              .setInode(file.inode())
              .setMode(file.mode())
              .setFilesystem(file.filesystem())
              .setSharedFilesystem(file.shared())
              .setWritable(file.writable()));
    }
    return request.build();
  }

  static SourceFacts facts(PreflightRequest request) {
    return new SourceFacts(
        request.getPid(),
        request.getPidsList(),
        request.getKernelRelease(),
        request.getAbiVersion(),
        request.getStreamVersion(),
        request.getMachine(),
        request.getXfeatures(),
        request.getXstateBytes(),
        request.getMemoryBytes(),
        request.getCpuFeaturesList(),
        request.getFilesList().stream()
            .map(
                file ->
                    new FileFact(
                        file.getPath(),
                        file.getUsedBy(),
                        FileFact.Kind.valueOf(file.getKind()),
                        file.getSize(),
                        file.getMtimeSeconds(),
                        file.getMtimeNanos(),
                        file.getInode(),
                        file.getMode(),
                        file.getFilesystem(),
                        file.getSharedFilesystem(),
                        file.getWritable()))
            .toList(),
        Claims.of(request.getClaims().toByteArray()));
  }

  static io.procmig.agent.control.v1.Obstacle of(Obstacle obstacle) {
    return io.procmig.agent.control.v1.Obstacle.newBuilder()
        .setReason(obstacle.code().name())
        .setSubsystem(obstacle.subsystem() == null ? "" : obstacle.subsystem())
        .setObject(obstacle.object() == null ? "" : obstacle.object())
        .setMessage(obstacle.message())
        .build();
  }

  static Obstacle of(io.procmig.agent.control.v1.Obstacle obstacle) {
    return new Obstacle(
        Reason.valueOf(obstacle.getReason()),
        obstacle.getSubsystem().isEmpty() ? null : obstacle.getSubsystem(),
        obstacle.getObject().isEmpty() ? null : obstacle.getObject(),
        obstacle.getMessage());
  }

  private static <E extends Enum<E> & io.procmig.agent.kernel.KernelCode> E coded(
      E[] constants, int code) {
    for (E constant : constants) {
      if (constant.code() == code) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        constants.getClass().getComponentType().getSimpleName() + " " + code);
  }
}
