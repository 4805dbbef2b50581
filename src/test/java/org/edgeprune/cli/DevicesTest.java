package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --device} and {@code --device-map} with several devices. */
class DevicesTest {
    @Test
    void devicesAreReadInOrder() {
        assertEquals(
                List.of(Device.cuda(2), Device.cuda(0)),
                Devices.parse("cuda:2, cuda:0").here());
        assertTrue(Devices.parse("cuda:0,cuda:1").areSeveral());
        assertEquals(Device.CPU, Devices.parse("cpu").one());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "info --device cpu,cpu|named twice in 'cpu,cpu': the CPU's cores share one copy of the model; --workers",
                "info --device cuda:1,cuda:1|named twice in 'cuda:1,cuda:1'",
                "info --device cuda,cuda:0|device cuda:0 is named twice",
                "info --device cuda:0,|unknown device ''",
                "info --device cpu,cuda:0|copies of the model on cpu and on cuda:0 would differ",
                "info --device cuda:0,cuda:1 --workers 3|3 workers on 2 devices",
                "info --device cuda:0 --device-map cuda:0,cuda:1/cuda:2,cuda:3|1 device(s) and 2 device map(s)",
                "info --device-map cuda:0,cuda:1/cuda:1,cuda:2|device cuda:1 is named for two copies",
                "generate --prompt x --max-new-tokens 1 --device cuda:0,cuda:1|this command computes on one",
                "tracr suite --out target/none --device cuda:0,cuda:1|this command computes on one device: name one, such as cuda:0",
            })
    void whatCannotBeIsRefusedInOneLine(String line, String expected) {
        String refused = Tool.run((Object[]) line.split(" ")).refused();
        assertTrue(refused.contains(expected), refused);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "eval --device cuda:0,cuda:1|device cuda:0 cannot be used: ",
                "eval --device-map cuda:0,cuda:1/cuda:2,cuda:3|device cuda:0 cannot be used: ",
                "eval --device cuda:all|device cuda:0 cannot be used: ",
            })
    void aDeviceThatIsNotThereIsRefusedInOneLine(String line, String expected) {
        LibTorch.load();
        assumeTrue(LibTorch.cudaDevices() == 0, "a machine without a GPU");
        String refused = Tool.run((Object[]) line.split(" ")).refused();
        assertTrue(refused.contains(expected), refused);
    }

    @Test
    void oneDeviceIsAskedForByName() {
        String message = assertThrows(InputException.class, () -> Devices.parse("cuda:3,cuda:1")
                        .one())
                .getMessage();
        assertEquals("--device cuda:3,cuda:1: this command computes on one device: name one, such as cuda:3", message);
    }
}
