package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Blueprint;
import org.edgeprune.model.DeviceMap;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * However a model is run, it gives the same circuit gradients: recomputed, offloaded, spread over devices, in another
 * dtype.
 */
class ExecutionTest {
    private static final String LLAMA = """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 40, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000,
             "hidden_act": "silu", "tie_word_embeddings": false}""";
    private static final List<int[]> CLEAN =
            List.of(new int[] {1, 2, 3, 4, 5}, new int[] {6, 7, 8}, new int[] {9, 10, 11});
    private static final List<int[]> CORRUPTED =
            List.of(new int[] {1, 22, 3, 34, 5}, new int[] {6, 27, 8}, new int[] {19, 10, 11});

    @TempDir
    private Path dir;

    /** What a pass gives: the final residual stream, and the gradients of a loss with respect to all masks. */
    private record Numbers(float[] residual, float[] edges, float[] nodes) {}

    @BeforeEach
    void load() {
        LibTorch.load();
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void recomputingChangesNotOneBit(DType stored) throws Exception {
        write(stored);
        Numbers kept = run(Execution.on(Device.CPU));
        assertSame(kept, run(Execution.on(Device.CPU).recomputing()));
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16", "F16"})
    void offloadingChangesNotOneBitAndHoldsNoParametersInBetween(DType stored) throws Exception {
        write(stored);
        Execution offloading = Execution.on(Device.CPU).offloading();
        assertTrue(offloading.recompute(), "kept blocks would keep their parameters");
        assertSame(run(Execution.on(Device.CPU)), run(offloading));
        long before = TensorScope.liveTensors();
        try (TransformerModel model = Models.open(dir, offloading)) {
            assertEquals(before, TensorScope.liveTensors());
            try (var _ = model.mlp(1)) {
                assertTrue(TensorScope.liveTensors() > before);
            }
            assertEquals(before, TensorScope.liveTensors());
        }
    }

    @Test
    void offloadingFindsMissingParametersAtTheStart() throws Exception {
        String missing = "model.layers.2.mlp.down_proj.weight";
        write(DType.F32, name -> !name.equals(missing));
        Execution offloading = Execution.on(Device.CPU).offloading();
        String message = assertThrows(InputException.class, () -> Models.open(dir, offloading))
                .getMessage();
        assertTrue(message.contains(missing), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu,cpu", "cpu=1,cpu=2"})
    void layersCanBeAnywhere(String map) throws Exception {
        write(DType.F32);
        assertSame(run(Execution.on(Device.CPU)), run(Execution.on(Device.CPU).withLayers(DeviceMap.parse(map))));
    }

    /** bf16 has 8 bits of mantissa, f16 has 11: gradients keep their direction, and about so many bits. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BF16", "F16"})
    void narrowNumbersComeClose(DType compute) throws Exception {
        write(DType.BF16);
        Numbers wide = run(Execution.on(Device.CPU));
        Numbers narrow = run(Execution.on(Device.CPU).withDtype(compute));
        double bound = compute == DType.BF16 ? 0.05 : 0.01;
        assertTrue(
                distance(wide.residual(), narrow.residual()) < bound,
                "residual " + distance(wide.residual(), narrow.residual()));
        assertTrue(
                distance(wide.edges(), narrow.edges()) < 2 * bound, "edges " + distance(wide.edges(), narrow.edges()));
        assertTrue(
                distance(wide.nodes(), narrow.nodes()) < 2 * bound, "nodes " + distance(wide.nodes(), narrow.nodes()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda:0", "cuda:0 offload", "cuda:0 map cpu,cuda:0,cpu"})
    void otherDevicesComeClose(String how) throws Exception {
        assumeTrue(LibTorch.cudaDevices() > 0, "no CUDA device here, or a libtorch without CUDA");
        write(DType.F32);
        Execution there = Execution.on(Device.cuda(0));
        Execution execution = how.endsWith("offload")
                ? there.offloading()
                : how.contains("map")
                        ? there.withLayers(DeviceMap.parse(how.substring(how.indexOf("map ") + 4)))
                        : there;
        Numbers here = run(Execution.on(Device.CPU));
        Numbers far = run(execution);
        assertTrue(distance(here.residual(), far.residual()) < 1e-3);
        assertTrue(distance(here.edges(), far.edges()) < 1e-3);
        assertTrue(distance(here.nodes(), far.nodes()) < 1e-3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu=1,cpu=1", "cpu=2,cpu", "cpu,cpu,cpu,cpu", "cpu=0", "gpu:0", ""})
    void mapsThatDoNotFitAreRefused(String map) throws Exception {
        write(DType.F32);
        assertThrows(
                InputException.class,
                () -> Models.open(dir, Execution.on(Device.CPU).withLayers(DeviceMap.parse(map))));
    }

    /** A checkpoint of random numbers, large enough for every part to matter. */
    private void write(DType dtype) throws Exception {
        write(dtype, name -> true);
    }

    private void write(DType dtype, Predicate<String> wanted) throws Exception {
        Files.writeString(dir.resolve("config.json"), LLAMA);
        try (TensorScope _ = TensorScope.open()) {
            LibTorch.seed(3);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Blueprint.of(Models.decoder(dir), name -> true).shapes().forEach((name, shape) -> {
                Tensor random = Tensor.empty(DType.F32, Device.CPU, shape).normal_(shape.length == 1 ? 1 : 0, 0.2);
                tensors.put(name, random.to(dtype));
            });
            tensors.keySet().removeIf(wanted.negate());
            SafeTensorsWriter.write(dir.resolve("model.safetensors"), tensors);
        }
    }

    private Numbers run(Execution execution) {
        try (TransformerModel model = Models.open(dir, execution);
                TensorScope _ = TensorScope.open()) {
            Device device = model.device();
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            Masks masks = Masks.of(masks(graph), device);
            Baseline baseline = Baseline.record(model, TokenBatch.of(CORRUPTED, device));
            MaskedPass.Gradients how =
                    execution.recompute() ? MaskedPass.Gradients.RECOMPUTED : MaskedPass.Gradients.KEPT;
            MaskedPass pass = MaskedPass.forward(model, TokenBatch.of(CLEAN, device), baseline, masks, how);
            Tensor loss = model.logits(pass.finalResidual())
                    .logSoftmax(-1)
                    .select(1, 7)
                    .sum();
            MaskGradients gradients = pass.backward(Autograd.grad(loss, pass.finalResidual())[0]);
            return new Numbers(
                    pass.finalResidual().to(DType.F32).toFloats(),
                    gradients.edges().toFloats(),
                    gradients.nodes().toFloats());
        }
    }

    /** Some masks are zero, some one, most between. */
    private static MaskValues masks(ComputationGraph graph) {
        SplittableRandom random = new SplittableRandom(4);
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = (float) Math.clamp(random.nextDouble(-0.2, 1.2), 0, 1);
        }
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = (float) random.nextDouble(0.5, 0.9);
        }
        return new MaskValues(graph, edges, nodes);
    }

    private static void assertSame(Numbers expected, Numbers actual) {
        assertArrayEquals(expected.residual(), actual.residual());
        assertArrayEquals(expected.edges(), actual.edges());
        assertArrayEquals(expected.nodes(), actual.nodes());
        assertTrue(distance(new float[expected.edges().length], expected.edges()) > 0, "there are gradients");
    }

    /** |a - b| / |a|, or |b| where a is zero. */
    private static double distance(float[] a, float[] b) {
        double apart = 0;
        double length = 0;
        for (int i = 0; i < a.length; i++) {
            apart += Math.pow(a[i] - b[i], 2);
            length += Math.pow(a[i], 2);
        }
        return Math.sqrt(apart) / (length == 0 ? 1 : Math.sqrt(length));
    }
}
