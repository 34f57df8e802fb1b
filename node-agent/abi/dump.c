// SPDX-License-Identifier: Apache-2.0
/*
 * Prints the user-space interface of the modules as the C compiler sees it:
 * every structure's size, every member's offset and size, every constant.
 * The output is committed as procmig.abi; the Java mapping must equal it
 * (AbiGoldenTest) and so must the header (abi/check).
 *
 * The ABI has no implicit padding, so a member that is missing here shows up
 * as a gap, and the program fails.
 */
#include <errno.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "procmig.h"
#include "procmig_stream.h"

static size_t expected;

static void member(const char *type, const char *name, size_t offset, size_t bytes)
{
	if (offset != expected) {
		fprintf(stderr, "%s: %zu bytes before %s are not described in dump.c\n",
			type, offset - expected, name);
		exit(1);
	}
	expected = offset + bytes;
	printf("member %s %s %zu %zu\n", type, name, offset, bytes);
}

static void end(const char *type, size_t bytes)
{
	if (expected != bytes) {
		fprintf(stderr, "%s: the last %zu bytes are not described in dump.c\n",
			type, bytes - expected);
		exit(1);
	}
}

#define STRUCT(s)	do { printf("struct %s %zu\n", #s, sizeof(struct s)); expected = 0; } while (0)
#define MEMBER(s, m)	member(#s, #m, offsetof(struct s, m), sizeof(((struct s *)0)->m))
#define FLEXIBLE(s, m)	member(#s, #m, offsetof(struct s, m), 0)
#define END(s)		end(#s, sizeof(struct s))
#define CONSTANT(c)	printf("constant %s %llu\n", #c, (unsigned long long)(c))
#define ENUM(e, c)	printf("enum %s %s %llu\n", #e, #c, (unsigned long long)(c))

static void constants(void)
{
	printf("string PROCMIG_DEVICE %s\n", PROCMIG_DEVICE);
	CONSTANT(PROCMIG_ABI_VERSION);
	CONSTANT(PROCMIG_STREAM_VERSION);
	CONSTANT(PROCMIG_TOKEN_BYTES);
	CONSTANT(PROCMIG_NAME_BYTES);
	CONSTANT(PROCMIG_MESSAGE_BYTES);
	CONSTANT(PROCMIG_COMM_BYTES);
	CONSTANT(PROCMIG_MAX_CHANNELS);
	CONSTANT(PROCMIG_MAX_MECHANISMS);
	CONSTANT(PROCMIG_CLAIMS_MAX);
	CONSTANT(PROCMIG_IOC_MAGIC);
	CONSTANT(PROCMIG_IOC_INFO);
	CONSTANT(PROCMIG_IOC_COMPONENT);
	CONSTANT(PROCMIG_IOC_STATE_KIND);
	CONSTANT(PROCMIG_IOC_INSPECT);
	CONSTANT(PROCMIG_IOC_CHECKPOINT);
	CONSTANT(PROCMIG_IOC_RESTART);
	CONSTANT(PROCMIG_IOC_ENTER);
	CONSTANT(PROCMIG_IOC_ATTACH);
	CONSTANT(PROCMIG_IOC_PLAN);
	CONSTANT(PROCMIG_IOC_GIVE_UP);
	CONSTANT(PROCMIG_IOC_ADMIT);
	CONSTANT(PROCMIG_REQ_STATUS);
	CONSTANT(PROCMIG_REQ_COMMIT);
	CONSTANT(PROCMIG_REQ_ABORT);
	CONSTANT(PROCMIG_REQ_FINISH);
	CONSTANT(PROCMIG_ORDER_NEVER_RAN);
	CONSTANT(PROCMIG_PLANNED_ZOMBIE);
	CONSTANT(PROCMIG_PLANNED_GONE);
}

static void enums(void)
{
	ENUM(procmig_context, PROCMIG_CONTEXT_EXTERNAL);
	ENUM(procmig_context, PROCMIG_CONTEXT_INTERNAL);
	ENUM(procmig_quiesce, PROCMIG_QUIESCE_ASYNCHRONOUS);
	ENUM(procmig_quiesce, PROCMIG_QUIESCE_SYNCHRONOUS);
	ENUM(procmig_mode, PROCMIG_MODE_STOP_AND_COPY);
	ENUM(procmig_mode, PROCMIG_MODE_PRE_COPY);
	ENUM(procmig_mode, PROCMIG_MODE_POST_COPY);
	ENUM(procmig_mode, PROCMIG_MODE_FREEZE_FREE);
	ENUM(procmig_mode, PROCMIG_MODE_HYBRID);
	ENUM(procmig_selection, PROCMIG_SELECT_TREE);
	ENUM(procmig_selection, PROCMIG_SELECT_SESSION);
	ENUM(procmig_selection, PROCMIG_SELECT_GROUP);
	ENUM(procmig_selection, PROCMIG_SELECT_CGROUP);
	ENUM(procmig_component_kind, PROCMIG_COMPONENT_SUBSYSTEM);
	ENUM(procmig_component_kind, PROCMIG_COMPONENT_MEDIUM);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_CORE);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_FILES);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_MEMORY);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_SIGNALS);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_TASK);
	ENUM(procmig_subsystem_id, PROCMIG_SUBSYSTEM_IPC);
	ENUM(procmig_medium_id, PROCMIG_MEDIUM_SOCKET);
	ENUM(procmig_medium_id, PROCMIG_MEDIUM_LOOPBACK);
	ENUM(procmig_channel_role, PROCMIG_CHANNEL_DEMAND);
	ENUM(procmig_channel_role, PROCMIG_CHANNEL_BULK);
	ENUM(procmig_mechanism_kind, PROCMIG_MECHANISM_IGNORE);
	ENUM(procmig_mechanism_kind, PROCMIG_MECHANISM_TRANSFER);
	ENUM(procmig_mechanism_kind, PROCMIG_MECHANISM_FORWARD);
	ENUM(procmig_kind_state, PROCMIG_KIND_CARRIED);
	ENUM(procmig_kind_state, PROCMIG_KIND_REFUSED);
	ENUM(procmig_kind_state, PROCMIG_KIND_PLANNED);
	ENUM(procmig_obstacle_code, PROCMIG_OBSTACLE_UNSUPPORTED);
	ENUM(procmig_obstacle_code, PROCMIG_OBSTACLE_SHARED);
	ENUM(procmig_obstacle_code, PROCMIG_OBSTACLE_STATE);
	ENUM(procmig_obstacle_code, PROCMIG_OBSTACLE_LIMIT);
	ENUM(procmig_obstacle_code, PROCMIG_OBSTACLE_TAKEN);
	ENUM(procmig_role, PROCMIG_ROLE_SOURCE);
	ENUM(procmig_role, PROCMIG_ROLE_TARGET);
	ENUM(procmig_state, PROCMIG_STATE_NEW);
	ENUM(procmig_state, PROCMIG_STATE_QUIESCING);
	ENUM(procmig_state, PROCMIG_STATE_SAVING);
	ENUM(procmig_state, PROCMIG_STATE_SAVED);
	ENUM(procmig_state, PROCMIG_STATE_COMMITTED);
	ENUM(procmig_state, PROCMIG_STATE_LOADING);
	ENUM(procmig_state, PROCMIG_STATE_READY);
	ENUM(procmig_state, PROCMIG_STATE_RUNNING);
	ENUM(procmig_state, PROCMIG_STATE_FINISHED);
	ENUM(procmig_state, PROCMIG_STATE_ABORTING);
	ENUM(procmig_state, PROCMIG_STATE_ABORTED);
}

static void structs(void)
{
	STRUCT(procmig_strategy);
	MEMBER(procmig_strategy, context);
	MEMBER(procmig_strategy, quiesce);
	MEMBER(procmig_strategy, mode);
	MEMBER(procmig_strategy, reserved);
	END(procmig_strategy);

	STRUCT(procmig_channel);
	MEMBER(procmig_channel, fd);
	MEMBER(procmig_channel, role);
	END(procmig_channel);

	STRUCT(procmig_mechanism);
	MEMBER(procmig_mechanism, subsystem);
	MEMBER(procmig_mechanism, mechanism);
	MEMBER(procmig_mechanism, entity);
	END(procmig_mechanism);

	STRUCT(procmig_info);
	MEMBER(procmig_info, size);
	MEMBER(procmig_info, abi_version);
	MEMBER(procmig_info, stream_version);
	MEMBER(procmig_info, requests);
	MEMBER(procmig_info, monotonic_ns);
	MEMBER(procmig_info, boottime_ns);
	MEMBER(procmig_info, xfeatures);
	MEMBER(procmig_info, xstate_bytes);
	MEMBER(procmig_info, reserved);
	MEMBER(procmig_info, kernel_release);
	END(procmig_info);

	STRUCT(procmig_component);
	MEMBER(procmig_component, size);
	MEMBER(procmig_component, index);
	MEMBER(procmig_component, kind);
	MEMBER(procmig_component, id);
	MEMBER(procmig_component, version);
	MEMBER(procmig_component, users);
	MEMBER(procmig_component, name);
	MEMBER(procmig_component, module);
	END(procmig_component);

	STRUCT(procmig_state_kind);
	MEMBER(procmig_state_kind, size);
	MEMBER(procmig_state_kind, index);
	MEMBER(procmig_state_kind, subsystem);
	MEMBER(procmig_state_kind, state);
	MEMBER(procmig_state_kind, name);
	MEMBER(procmig_state_kind, note);
	END(procmig_state_kind);

	STRUCT(procmig_obstacle);
	MEMBER(procmig_obstacle, size);
	MEMBER(procmig_obstacle, subsystem);
	MEMBER(procmig_obstacle, code);
	MEMBER(procmig_obstacle, reserved);
	MEMBER(procmig_obstacle, object);
	FLEXIBLE(procmig_obstacle, text);
	END(procmig_obstacle);

	STRUCT(procmig_inspect);
	MEMBER(procmig_inspect, size);
	MEMBER(procmig_inspect, pid);
	MEMBER(procmig_inspect, start_time);
	MEMBER(procmig_inspect, strategy);
	MEMBER(procmig_inspect, mechanisms);
	MEMBER(procmig_inspect, obstacles);
	MEMBER(procmig_inspect, obstacles_bytes);
	MEMBER(procmig_inspect, obstacle_count);
	MEMBER(procmig_inspect, mechanism_count);
	MEMBER(procmig_inspect, threads);
	MEMBER(procmig_inspect, memory_bytes);
	MEMBER(procmig_inspect, monotonic_ns);
	MEMBER(procmig_inspect, boottime_ns);
	MEMBER(procmig_inspect, selection);
	MEMBER(procmig_inspect, processes);
	MEMBER(procmig_inspect, pids);
	MEMBER(procmig_inspect, pid_room);
	MEMBER(procmig_inspect, reserved);
	MEMBER(procmig_inspect, claims);
	MEMBER(procmig_inspect, claims_bytes);
	MEMBER(procmig_inspect, reserved2);
	END(procmig_inspect);

	STRUCT(procmig_claim);
	MEMBER(procmig_claim, size);
	MEMBER(procmig_claim, subsystem);
	MEMBER(procmig_claim, version);
	MEMBER(procmig_claim, length);
	FLEXIBLE(procmig_claim, data);
	END(procmig_claim);

	STRUCT(procmig_admit);
	MEMBER(procmig_admit, size);
	MEMBER(procmig_admit, claims_bytes);
	MEMBER(procmig_admit, claims);
	MEMBER(procmig_admit, obstacles);
	MEMBER(procmig_admit, obstacles_bytes);
	MEMBER(procmig_admit, obstacle_count);
	END(procmig_admit);

	STRUCT(procmig_submit);
	MEMBER(procmig_submit, size);
	MEMBER(procmig_submit, flags);
	MEMBER(procmig_submit, pid);
	MEMBER(procmig_submit, medium);
	MEMBER(procmig_submit, start_time);
	MEMBER(procmig_submit, token);
	MEMBER(procmig_submit, strategy);
	MEMBER(procmig_submit, channels);
	MEMBER(procmig_submit, mechanisms);
	MEMBER(procmig_submit, channel_count);
	MEMBER(procmig_submit, mechanism_count);
	MEMBER(procmig_submit, watchdog_ms);
	MEMBER(procmig_submit, quiesce_ms);
	MEMBER(procmig_submit, id);
	MEMBER(procmig_submit, fd);
	MEMBER(procmig_submit, selection);
	MEMBER(procmig_submit, reserved);
	END(procmig_submit);

	STRUCT(procmig_enter);
	MEMBER(procmig_enter, size);
	MEMBER(procmig_enter, flags);
	MEMBER(procmig_enter, token);
	END(procmig_enter);

	STRUCT(procmig_planned_task);
	MEMBER(procmig_planned_task, tid);
	MEMBER(procmig_planned_task, pid);
	MEMBER(procmig_planned_task, parent);
	MEMBER(procmig_planned_task, group);
	MEMBER(procmig_planned_task, session);
	MEMBER(procmig_planned_task, exit_signal);
	MEMBER(procmig_planned_task, flags);
	MEMBER(procmig_planned_task, exit_code);
	MEMBER(procmig_planned_task, uid);
	MEMBER(procmig_planned_task, gid);
	MEMBER(procmig_planned_task, blocked);
	MEMBER(procmig_planned_task, ignored);
	MEMBER(procmig_planned_task, caught);
	MEMBER(procmig_planned_task, comm);
	END(procmig_planned_task);

	STRUCT(procmig_plan);
	MEMBER(procmig_plan, size);
	MEMBER(procmig_plan, flags);
	MEMBER(procmig_plan, token);
	MEMBER(procmig_plan, tasks);
	MEMBER(procmig_plan, task_room);
	MEMBER(procmig_plan, task_count);
	END(procmig_plan);

	STRUCT(procmig_give_up);
	MEMBER(procmig_give_up, size);
	MEMBER(procmig_give_up, error);
	MEMBER(procmig_give_up, token);
	MEMBER(procmig_give_up, message);
	END(procmig_give_up);

	STRUCT(procmig_attach);
	MEMBER(procmig_attach, size);
	MEMBER(procmig_attach, flags);
	MEMBER(procmig_attach, token);
	MEMBER(procmig_attach, id);
	MEMBER(procmig_attach, fd);
	END(procmig_attach);

	STRUCT(procmig_status);
	MEMBER(procmig_status, size);
	MEMBER(procmig_status, id);
	MEMBER(procmig_status, role);
	MEMBER(procmig_status, state);
	MEMBER(procmig_status, pid);
	MEMBER(procmig_status, error);
	MEMBER(procmig_status, error_subsystem);
	MEMBER(procmig_status, threads);
	MEMBER(procmig_status, bytes_total);
	MEMBER(procmig_status, bytes_done);
	MEMBER(procmig_status, entities_done);
	MEMBER(procmig_status, entities_skipped);
	MEMBER(procmig_status, submitted_ns);
	MEMBER(procmig_status, frozen_ns);
	MEMBER(procmig_status, saved_ns);
	MEMBER(procmig_status, ready_ns);
	MEMBER(procmig_status, decided_ns);
	MEMBER(procmig_status, token);
	MEMBER(procmig_status, message);
	END(procmig_status);

	STRUCT(procmig_event);
	MEMBER(procmig_event, size);
	MEMBER(procmig_event, state);
	MEMBER(procmig_event, time_ns);
	MEMBER(procmig_event, bytes_done);
	END(procmig_event);

	STRUCT(procmig_order);
	MEMBER(procmig_order, size);
	MEMBER(procmig_order, flags);
	END(procmig_order);
}

/* What the agent uses of the C library and of the kernel beside our device. */
static void system_interface(void)
{
	STRUCT(tls12_crypto_info_aes_gcm_128);
	MEMBER(tls12_crypto_info_aes_gcm_128, info);
	MEMBER(tls12_crypto_info_aes_gcm_128, iv);
	MEMBER(tls12_crypto_info_aes_gcm_128, key);
	MEMBER(tls12_crypto_info_aes_gcm_128, salt);
	MEMBER(tls12_crypto_info_aes_gcm_128, rec_seq);
	END(tls12_crypto_info_aes_gcm_128);

	STRUCT(pollfd);
	MEMBER(pollfd, fd);
	MEMBER(pollfd, events);
	MEMBER(pollfd, revents);
	END(pollfd);

	CONSTANT(TLS_1_3_VERSION);
	CONSTANT(TLS_CIPHER_AES_GCM_128);
	CONSTANT(TLS_TX);
	CONSTANT(TLS_RX);
	CONSTANT(TCP_ULP);
	CONSTANT(TCP_NODELAY);
	CONSTANT(SOL_TCP);
	CONSTANT(SOL_TLS);
	CONSTANT(SOL_SOCKET);
	CONSTANT(SO_ERROR);
	CONSTANT(SO_RCVTIMEO);
	CONSTANT(SO_SNDTIMEO);
	CONSTANT(SO_MAX_PACING_RATE);
	CONSTANT(POLLIN);
	CONSTANT(POLLOUT);
	CONSTANT(POLLERR);
	CONSTANT(POLLHUP);
	CONSTANT(POLLNVAL);
	CONSTANT(SYS_finit_module);
	CONSTANT(SYS_delete_module);
}

int main(void)
{
	constants();
	enums();
	structs();
	system_interface();
	return 0;
}
