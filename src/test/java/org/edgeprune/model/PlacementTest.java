package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacementTest {
    private static Execution execution(String devices, String maps) {
        return Execution.on(Device.CPU).withCopies(Placement.parse(devices, Optional.ofNullable(maps)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cpu|",
                "cuda:0,cuda:1,cuda:3|",
                "cuda:0|cuda:0=24,cuda:1=16",
                "cuda:0,cuda:2|cuda:0,cuda:1/cuda:2,cuda:3",
                "cuda:0,cuda:2|cuda:0=3,cpu=9/cuda:2=3,cpu=9",
                "cpu,cpu|"
            })
    void whatIsWrittenIsRead(String devices, String maps) {
        List<Placement> copies = execution(devices, maps).copies();
        assertEquals(devices, Placement.devices(copies));
        assertEquals(Optional.ofNullable(maps), Placement.maps(copies));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cuda:0,cuda:0||device cuda:0 is named for two copies",
                "cuda:0,cuda:1|cuda:0,cuda:2/cuda:1,cuda:2|device cuda:2 is named for two copies",
                "cpu,cuda:0||copies of the model on cpu and on cuda:0 would differ in the last bits",
                "cuda:0,cuda:1|cuda:0=3,cpu=9/cuda:1=4,cpu=8|copies of the model on cuda:0=3,cpu=9 and on cuda:1=4,cpu=8",
                "cuda:0|cuda:0,cuda:1/cuda:2,cuda:3|1 device(s) and 2 device map(s)",
                "cuda:0,|cuda:0|unknown device ''",
                "cuda:0|cuda:0,cuda:1/|unknown device ''"
            })
    void placesThatDoNotGoTogetherAreRefused(String devices, String maps, String expected) {
        String message = assertThrows(InputException.class, () -> execution(devices, maps))
                .getMessage();
        assertTrue(message.startsWith(expected), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void eachCopyHasOneWorker() {
        Execution two = execution("cuda:0,cuda:1", null);
        String message =
                assertThrows(InputException.class, () -> two.withWorkers(3)).getMessage();
        assertTrue(message.startsWith("3 workers on 2 devices"), message);
        assertEquals(1, two.withWorkers(1).workers().getAsInt());
    }

    /** The same cut for two devices and for more; what one device takes whole is not what several take. */
    @Test
    void microBatchesDoNotDependOnTheNumberOfCopies() {
        ModelSizes sizes =
                Models.sizes(org.edgeprune.fixture.Fixtures.edgePruning().resolve("gpt2"));
        assertEquals(0, execution("cuda:0", null).microBatchOf(sizes));
        int two = execution("cuda:0,cuda:1", null).microBatchOf(sizes);
        assertEquals(two, execution("cuda:0,cuda:1,cuda:2,cuda:3", null).microBatchOf(sizes));
        assertEquals(two, execution("cpu", null).microBatchOf(sizes));
        assertEquals(two, execution("cuda:0,cuda:1", null).ofCopy(1, sizes).microBatchOf(sizes));
    }

    @Test
    void ranksMayHaveOtherDevicesOfTheSameKind() {
        assertEquals("cuda", Placement.on(Device.cuda(3)).kind());
        assertEquals(
                "cuda",
                Placement.parse("cuda:0", Optional.of("cuda:0,cuda:1"))
                        .getFirst()
                        .kind());
        assertEquals(
                "cuda with layers on cuda=3,cpu=9",
                Placement.parse("cuda:1", Optional.of("cuda:1=3,cpu=9"))
                        .getFirst()
                        .kind());
    }
}
