import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

/**
 * Judges filter policies with event-ruler, the library that AWS publishes and whose messages SNS passes on.
 * Reads one {"policy", "body"} a line and answers the same line with "expect": true, false, or the refusal.
 */
public final class FilterPolicyOracle {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ObjectNode vector = (ObjectNode) json.readTree(line);
            judge(vector, json.writeValueAsString(vector.get("policy")), json.writeValueAsString(vector.get("body")));
            answers.append(json.writeValueAsString(vector)).append('\n');
        }
        System.out.write(answers.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }

    private static void judge(ObjectNode vector, String policy, String body) {
        Machine machine = new Machine();
        try {
            machine.addRule("policy", policy);
        } catch (Exception refusal) {
            vector.put("expect", refusal.getMessage().split("\n")[0]);
            return;
        }
        try {
            vector.put("expect", !machine.rulesForJSONEvent(body).isEmpty());
        } catch (Exception notAnObject) {
            vector.put("expect", false);
        }
    }
}
