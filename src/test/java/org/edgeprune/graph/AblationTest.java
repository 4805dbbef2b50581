package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;

/** The names of ablations on the command line and in files. */
class AblationTest {
    @Test
    void everyKindIsReadBackFromItsNames() throws Exception {
        ObjectMapper json = new ObjectMapper();
        for (Ablation ablation : Ablation.all()) {
            assertEquals(ablation, Ablation.named(ablation.name()));
            assertEquals(ablation, json.readValue(json.writeValueAsString(ablation), Ablation.class));
        }
        assertEquals("\"INTERCHANGE\"", json.writeValueAsString(Ablation.INTERCHANGE), "as in run.json since 0.1");
        assertEquals(
                List.of("interchange", "zero", "mean", "mean-positional", "resample"),
                Ablation.all().stream().map(Ablation::name).toList());
    }

    @Test
    void anUnknownNameSaysWhichThereAre() {
        String message =
                assertThrows(InputException.class, () -> Ablation.named("mode")).getMessage();
        assertTrue(
                message.contains("'mode'")
                        && message.endsWith("use interchange, zero, mean, mean-positional, resample"),
                message);
    }
}
