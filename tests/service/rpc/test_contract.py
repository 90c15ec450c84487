"""The contract as the server keeps it: fields that say what they are, and what generic clients find."""

import asyncio
from pathlib import Path

import grpc
import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_server import serving

from hinterland.api.v1 import inputs_pb2, jobs_pb2, results_pb2, server_pb2
from hinterland.rpc.server import SERVICES

FILES = (jobs_pb2, inputs_pb2, results_pb2, server_pb2)
METHODS = [
    method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def fields_below(message: Descriptor) -> list[FieldDescriptor]:
    """The fields of a message and of our messages in it."""
    found = []
    for field in message.fields:
        found.append(field)
        inner = field.message_type
        if (
            inner is not None
            and inner.full_name.startswith("hinterland.")
            and not inner.GetOptions().map_entry
        ):
            found += fields_below(inner)
    return found


# told by a worker, and only in what is said to be OUTPUT_ONLY
OUTPUTS = {"Progress", "Plan", "Degradation"}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_every_field_of_a_request_says_how_it_behaves(method: MethodDescriptor) -> None:
    for field in fields_below(method.input_type):
        if field.containing_type.name in OUTPUTS:
            continue
        behavior = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        assert len(behavior) == 1, field.full_name


def test_all_services_of_the_contract_are_served() -> None:
    assert sorted(SERVICES) == sorted(
        service.full_name for file in FILES for service in file.DESCRIPTOR.services_by_name.values()
    )


def test_a_generic_client_learns_the_contract_by_reflection_and_calls_it(tmp_path: Path) -> None:
    async def served() -> str:
        async with serving(tmp_path) as running:
            return await asyncio.to_thread(call_by_reflection, running.address)

    assert asyncio.run(served()).startswith("jobs/")


def call_by_reflection(address: str) -> str:
    """Submit a job knowing nothing but names, as grpcurl does; the job that the refusal names."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(SERVICES) <= set(database.get_services())
        pool = DescriptorPool(database)
        method = pool.FindServiceByName("hinterland.api.v1.Jobs").methods_by_name["GetJob"]
        request = GetMessageClass(method.input_type)(name="jobs/" + "0" * 26)
        call = channel.unary_unary(
            "/hinterland.api.v1.Jobs/GetJob",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        with pytest.raises(grpc.RpcError) as error:
            call(request)
        assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED
        return str(error.value.details())


def test_health_is_told_service_by_service_and_ends_with_the_drain(tmp_path: Path) -> None:
    async def told() -> list[int]:
        async with serving(tmp_path) as running:
            health = health_pb2_grpc.HealthStub(running.caller().channel)
            before = [
                await health.Check(health_pb2.HealthCheckRequest(service=name)) for name in ("", *SERVICES)
            ]
            await running.server.drain()
            after = await health.Check(health_pb2.HealthCheckRequest(service=SERVICES[0]))
            return [one.status for one in (*before, after)]

    serves, ends = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    assert asyncio.run(told()) == [serves] * 5 + [ends]


def test_a_message_that_is_none_is_refused_as_invalid(tmp_path: Path) -> None:
    async def answer() -> grpc.aio.AioRpcError:
        async with serving(tmp_path) as running:
            call = running.caller().channel.unary_unary("/hinterland.api.v1.Jobs/GetJob")
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call(b"\xff\xff\xff")
            return error.value

    assert asyncio.run(answer()).code() is grpc.StatusCode.INVALID_ARGUMENT
